def length(value):
    return value
