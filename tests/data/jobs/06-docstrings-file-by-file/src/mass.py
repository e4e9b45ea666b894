def mass(value):
    return value
