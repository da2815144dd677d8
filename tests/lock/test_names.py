"""Names stand for what they were imported as, under any other name and in any scope."""

from __future__ import annotations

import ast

import pytest

from harness.lock.names import scoped


def paths(code: str) -> set[str]:
    """The paths of every name and attribute of a module."""
    found = {scope.path(node) for node, scope in scoped(ast.parse(code))}
    return found - {""}


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("import numpy as np\nnp.load", "numpy.load"),
        ("import torch.nn.functional as F\nF.gelu", "torch.nn.functional.gelu"),
        ("import torch.nn.functional\ntorch.nn.functional.gelu", "torch.nn.functional.gelu"),
        ("from os import path as p\np.join", "os.path.join"),
        ("def f():\n    import os\n    return os.environ", "os.environ"),
        ("import os\ndef f():\n    return os.environ", "os.environ"),
        ("import sys\ns = sys\nt = s\nt.modules", "sys.modules"),
        ("import sys\nclass A:\n    s = sys\n    x = s.modules", "sys.modules"),
        ("import os\ndef f(x=os.environ):\n    return x", "os.environ"),
        ("import os\nx = [os for os in ()]\nos.environ", "os.environ"),
        ("def f():\n    global os\n    import os\ndef g():\n    os.environ", "os.environ"),
        (
            "def f():\n    global s\n    import os\n    s = os\ndef g():\n    s.environ",
            "os.environ",
        ),
        (
            "import os\nclass A:\n    os = 1\n    def f(self):\n        return os.environ",
            "os.environ",
        ),
        ("import os\nif x:\n    os = None\nos.environ", "os.environ"),
        ("import os\nf = lambda x: os.environ", "os.environ"),
        ("import os\nos = os\nos.environ", "os.environ"),
    ],
)
def test_a_name_is_followed_to_its_import(code: str, path: str) -> None:
    """Aliases, scopes, defaults, comprehensions and global statements hide nothing."""
    assert path in paths(code)


@pytest.mark.parametrize(
    "code",
    [
        "def f(os):\n    return os.environ",
        "import os\ndef f(os):\n    return os.environ",
        "import os\ndef f():\n    os = thing()\n    return os.environ",
        "from . import os\nos.environ",
        "x.os.environ",
        "import os\ndef f():\n    def g(os):\n        return os.environ\n    return g",
    ],
)
def test_another_thing_of_the_same_name_is_not(code: str) -> None:
    """A parameter or a local variable called os is no module."""
    assert "os.environ" not in paths(code)


def test_a_deep_tree_does_not_end_the_walk() -> None:
    """A sum of three thousand terms is deeper than the interpreter's own stack."""
    tree: ast.expr = ast.Name("x", ast.Load())
    for _ in range(3000):
        tree = ast.BinOp(tree, ast.Add(), ast.Constant(1))
    body = ast.Module([ast.Expr(tree)], [])
    assert sum(1 for _ in scoped(body)) > 9000
