"""Write a page that names every public function and class of a package: describe.py PACKAGE PAGE."""

import ast
import sys
from pathlib import Path


def describe(package: Path) -> str:
    """The page of a package, module by module, read from its source; nothing is imported."""
    lines = [f"# `{package.name}`", "", "Made by `examples/describe.py`; edit the docstrings instead."]
    for module in sorted(package.glob("*.py")):
        lines += _module(module)
    return "\n".join(lines) + "\n"


def _module(path: Path) -> list[str]:
    tree = ast.parse(path.read_text("utf-8"))
    public = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    entries = [_entry(node) for node in public if not node.name.startswith("_")]
    return ["", f"## `{path.stem}`", "", ast.get_docstring(tree) or "", "", *entries] if entries else []


def _entry(node: ast.FunctionDef | ast.ClassDef) -> str:
    doc = (ast.get_docstring(node) or "no description").splitlines()[0]
    if isinstance(node, ast.ClassDef):
        return f"- `class {node.name}`: {doc}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"- `{node.name}({ast.unparse(node.args)}){returns}`: {doc}"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(describe(Path(sys.argv[1])), "utf-8", newline="\n")
