"""`python -m splinter`: which version this is. All else is done by `doit`."""

from splinter.system import tool_versions

if __name__ == "__main__":
    print(tool_versions.versions())
