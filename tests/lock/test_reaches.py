"""A builder takes no input from outside and changes nothing that the evaluator uses."""

from __future__ import annotations

import ast

import pytest

from harness.lock.reaches import CHANGED, OUTER, PART, faults


def found(code: str) -> set[str]:
    return {one.why for one in faults(ast.parse(code))}


@pytest.mark.parametrize(
    "code",
    [
        "import os\nrate = float(os.environ['RATE'])",
        "import os\nrate = os.environ.get('RATE', 1)",
        "import os\nif 'RATE' in os.environ: pass",
        "from os import getenv as g\ng('RATE')",
        "from os import environ\ndict(environ)",
        "import os as o\ne = o.environ\ne['RATE']",
        "import os\nx = os.environ.setdefault('RATE', '1')",
        "import sys\nsys.argv[1]",
        "import sys\nsys.stdin.read()",
        "input()",
    ],
)
def test_input_from_outside_is_found(code: str) -> None:
    """The environment, the command line and standard input are parameters that no lock binds."""
    assert OUTER in found(code)


@pytest.mark.parametrize(
    "code",
    [
        "import harness.verdict.judge",
        "import harness.stats.rules as r",
        "from harness import verdict",
        "from harness.lock.ledger import read",
        "import harness\nharness.verdict.judge.judge",
        "import harness as h\nj = h.measure\nj.job",
        "def f():\n    from harness.measure import job",
    ],
)
def test_parts_of_the_harness_that_are_not_for_builders_are_found(code: str) -> None:
    """Whoever judges is nothing that a subject may touch, or look at."""
    assert PART in found(code)


@pytest.mark.parametrize(
    "code",
    [
        "from harness.subject import decoder\ndecoder.Decoder.forward = evil",
        "from harness.subject.decoder import Decoder as D\nD.forward = evil",
        "from harness.subject import decoder as d\nE = d.Decoder\nE.forward = evil",
        "from harness.subject import decoder\nsetattr(decoder, 'Decoder', evil)",
        "from harness.subject import decoder\ndecoder.__dict__['Decoder'] = evil",
        "from harness.subject import decoder\nvars(decoder)['Decoder'] = evil",
        "from harness.subject import keyvalue\ndel keyvalue.Cache",
        "from harness.subject.interface import SPLITS\nSPLITS.append('x')",
        "from harness.subject.decoder import Decoder\ntype.__setattr__(Decoder, 'forward', evil)",
        "import scipy.stats as st\nst.ttest_1samp = evil",
        "import numpy as np\nnp.quantile = evil",
        "import numpy as np\nfor np.quantile in [evil]: pass",
        "import torch\ntorch.Tensor.mean = evil",
        "import torch\nwith x as torch.foo: pass",
        "import math\nmath.log += 1",
        "import hashlib\ndef f():\n    hashlib.sha256 = evil",
        "from unittest import mock",
        "import unittest.mock as m",
        "import pytest",
    ],
)
def test_changes_to_what_the_evaluator_uses_are_found(code: str) -> None:
    """Whatever the name, and whatever the way to write an assignment."""
    assert CHANGED in found(code)


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.environ['TOKENIZERS_PARALLELISM'] = 'false'",
        "import os\nos.environ.setdefault('OMP_NUM_THREADS', '1')",
        "import torch\ntorch.backends.cudnn.deterministic = True",
        "import torch\ntorch.set_num_threads(1)\ntorch.manual_seed(0)",
        "import numpy as np\nx = np.zeros(3)\nx[0] = 1",
        "import torch\nt = torch.zeros(3)\nt.requires_grad = True\nt[0] += 1",
        "from harness.subject.decoder import Decoder\nclass Mine(Decoder):\n    forward = evil",
        "from harness.subject.decoder import Decoder\nm = Decoder(c)\nm.config = 1",
        "from harness.errors import ClaimsError\nraise ClaimsError('x')",
        "import harness\nharness.__version__",
        "from models import config\nconfig.RATE = 2",
        "class A:\n    def f(self):\n        self.np = 1\n        self.torch.x = 2",
        "setattr(self, 'a', 1)\nvars(self)",
        "def f(torch):\n    torch.x = 1",
        "import unittest",
    ],
)
def test_what_a_builder_needs_is_free(code: str) -> None:
    """Setting variables and switches, subclassing, its own objects."""
    assert found(code) == set()
