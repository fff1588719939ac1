"""Fixtures of the differential stage. The runs are short and mostly wait: a few of them at a time
run ahead of the tests that judge them."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

import need
from cases_ends import prepare_files
from diff_engine import Case, Pair, run_pair
from diff_programs import PROGRAMS

WORKERS = 4
AHEAD = 3 * WORKERS


class Pairs:
    """Results by case id; works a few cases ahead, in the order in which the tests will ask."""

    def __init__(self, cases: list[Case], folder: Path) -> None:
        self.folder = folder
        # pytest's own folders are closed to other users.
        self.files = Path(tempfile.mkdtemp(prefix="reaperd-differential-"))
        self.files.chmod(0o755)
        prepare_files(self.files)
        self._pool = ThreadPoolExecutor(WORKERS)
        self._numbers = itertools.count()
        self._waiting = iter(cases)
        self._futures: dict[str, Future[Pair]] = {}

    def _submit(self, case: Case) -> None:
        folder = self.folder / str(next(self._numbers))
        self._futures[case.id] = self._pool.submit(run_pair, case, folder, self.files)

    def get(self, case: Case) -> Pair:
        for ahead in itertools.islice(self._waiting, max(AHEAD - len(self._futures), 0)):
            self._submit(ahead)
        if case.id not in self._futures:
            self._submit(case)
        return self._futures.pop(case.id).result()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self.files)


@pytest.fixture(scope="session")
def pairs(request: pytest.FixtureRequest,
          tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    for program in PROGRAMS.values():
        need.need_file(program.real, program.name)
    need.need("unshare", "setsid")
    selected = [item.callspec.params["case"] for item in request.session.items
                if hasattr(item, "callspec") and "case" in item.callspec.params]
    pairs = Pairs(selected, tmp_path_factory.mktemp("differential"))
    yield pairs
    pairs.close()
