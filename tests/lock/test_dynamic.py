"""Code that imports, runs or unpickles what is not written in it is found under any name."""

from __future__ import annotations

import ast

import pytest

from harness.lock.dynamic import dynamic


def found(code: str) -> list[str]:
    return [words for _, words in dynamic(ast.parse(code))]


@pytest.mark.parametrize(
    "code",
    [
        "import sys as s\ns.modules['harness']",
        "from os import sys\nsys.path.append('x')",
        "import os\nos.sys.modules",
        "import sys\ngetattr(sys, 'mod' + 'ules')",
        "import os\nvars(os)['system']('x')",
        "import os\nos.system('x')",
        "from os import execv",
        "import os\nrun = os.popen\nrun('x')",
        "import subprocess",
        "import ctypes",
        "from ctypes import cdll as c",
        "import torch\ntorch.utils.cpp_extension.load('x', [])",
        "import torch\ntorch.hub.load('a/b', 'c')",
        "from torch import hub",
        "import torch\ntorch.serialization.pickle.loads(b'')",
        "import torch\ntorch.load('x', weights_only=False)",
        "import torch\ntorch.load('x', weights_only=safe)",
        "import torch\ntorch.load('x', None, pickle)",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import numpy as np\nnp.load('x', None, True)",
        "import pandas as pd\npd.read_pickle('x')",
        "import pickle",
        "import joblib",
        "import dill",
        "import marshal",
        "import shelve",
        "AutoModel.from_pretrained('x', trust_remote_code=True)",
        "import timeit\ntimeit.timeit('x = 1')",
        "f.__globals__['x']",
        "().__class__.__base__.__subclasses__()",
        "getattr(f, '__globals__')",
        "x['__builtins__']",
        "globals()['exec']",
        "import inspect\ninspect.stack()",
        "from inspect import currentframe",
        "import inspect\ninspect.getsource(f)",
        "import linecache",
        "import sys\nsys._getframe(1).f_locals",
        "import gc\ngc.get_objects()",
        "__path__.append('/elsewhere')",
        "__path__ = ['/elsewhere']",
        "import sys\nsys.meta_path.insert(0, x)",
        "import sys\nsys.addaudithook(x)",
        "import numpy.ctypeslib",
        "import yaml\nyaml.unsafe_load(x)",
        "import yaml\nyaml.load(x, Loader=yaml.Loader)",
        "from yaml import UnsafeLoader",
        "import logging.config",
        "import asyncio\nasyncio.create_subprocess_exec('x')",
        "from pydoc import locate",
        "breakpoint()",
    ],
)
def test_what_cannot_be_read_is_found(code: str) -> None:
    """Each is a way to run, or to reach, what no file of the closure says."""
    assert found(code)


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys.exit(1)\nsys.stderr.write('x')",
        "import os\nos.path.join('a', 'b')\nos.makedirs('x')",
        "import torch\ntorch.load('x', weights_only=True)\ntorch.load('x')",
        "import numpy as np\nnp.load('x')\nnp.load('x', allow_pickle=False)",
        "model.modules()\nmodel.eval()\nmodel.compile()",
        "self.path = 1\nself.modules = 2",
        "AutoModel.from_pretrained('x')",
        "from importlib import resources\nresources.files('models')",
        "import importlib.metadata\nimportlib.metadata.version('torch')",
        "import inspect\ninspect.signature(f)",
        "from pathlib import Path\nPath(__file__).parent",
        "def f(globals_: int) -> None: ...",
        "import re\nre.compile('x')",
        "import yaml\nyaml.safe_load(x)\nyaml.load(x, Loader=yaml.SafeLoader)",
        "import logging\nlogging.getLogger('x')",
        "mode = 'eval'",
        "from safetensors.torch import load_file\nload_file('x')",
    ],
)
def test_its_innocent_neighbour_is_not(code: str) -> None:
    """The same words where they run nothing that is not written."""
    assert found(code) == []


def test_the_line_is_named() -> None:
    """So that it can be found at once."""
    assert list(dynamic(ast.parse("x = 1\nimport pickle\n"))) == [(2, "import pickle")]
