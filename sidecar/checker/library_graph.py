"""mypy with the libraries in memory, to go on from in a forked process.

`load` is batch mypy's own build of the modules that skills use. `check` is the rest of that build, as if the snapshot's
files had been part of it from the start: the same functions of mypy in the same order, only without the cache. It is
not the fine-grained update of mypy's daemon, which takes another way to a verdict. These functions are not mypy's
public interface: its exact pin in pyproject.toml is what this rests on, and the canaries and the comparison with batch
mypy in the tests say whether it holds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mypy.build import (
    BuildManager,
    Graph,
    build,
    load_graph,
    process_fresh_modules,
    process_stale_scc,
    sorted_components,
)
from mypy.defaults import RECURSION_LIMIT
from mypy.errors import CompileError
from mypy.find_sources import create_source_list
from mypy.fscache import FileSystemCache
from mypy.main import process_options
from mypy.modulefinder import BuildSourceSet, FindModuleCache, compute_search_paths
from mypy.version import __version__

from sidecar.checker.library_cache import USUAL, USUAL_FILE
from sidecar.checker.limited import Finished
from sidecar.checker.mypy_call import SOURCES, arguments

MYPY_VERSION = "2.4.1"  # whose inner functions are called here


class OutsideTheGraph(Exception):
    """This snapshot would change what is loaded already; only a whole build gives its verdict."""


class LibraryGraph:
    def __init__(self, manager: BuildManager, graph: Graph, said: list[str]) -> None:
        self._manager = manager
        self._graph = graph
        self._said = said
        self._known = frozenset(graph)
        # A library's optional imports: a skill of that name would become part of the library.
        self._wanted = frozenset(name for state in graph.values() for name in state.suppressed)

    @classmethod
    def load(cls) -> LibraryGraph:
        """From mypy's configuration and library cache in the current folder."""
        if __version__ != MYPY_VERSION:
            raise RuntimeError(f"mypy is {__version__}; the warm check is written for exactly {MYPY_VERSION}")
        sys.setrecursionlimit(RECURSION_LIMIT)
        Path(USUAL_FILE).write_text(USUAL)
        said: list[str] = []
        files = FileSystemCache()
        sources, options = process_options([*arguments(USUAL_FILE)], fscache=files)
        result = build(sources, options, flush_errors=lambda _file, lines, _serious: said.extend(lines), fscache=files)
        if said:
            raise RuntimeError(f"mypy finds problems in the libraries: {said[0]}")
        manager, graph = result.manager, result.graph
        for scc in manager.top_order:
            if scc not in manager.done_sccs:
                process_fresh_modules(graph, sorted(manager.scc_by_id[scc].mod_ids), manager)
        # The file that names them all is no library, and a skill may have its name.
        usual = USUAL_FILE.removesuffix(".py")
        del graph[usual], manager.modules[usual]
        # From here on nothing is read from a cache, and nothing is written to one.
        options.cache_dir = os.devnull
        manager.cache_enabled = False
        return cls(manager, graph, said)

    def check(self, folder: Path, files: Sequence[str]) -> Finished:
        """What `mypy files…` says in this folder. Once: the snapshot stays part of the graph.

        Raises OutsideTheGraph. Anything else that it raises, and a SystemExit, is an internal error of mypy.
        """
        os.chdir(folder)
        blocked = False
        try:
            self._process(files)
        except CompileError as error:
            blocked = True
            self._said += error.messages
        status = (2 if blocked else 1) if self._said else 0
        return Finished(status, "\n".join(self._said), "")

    def _process(self, files: Sequence[str]) -> None:
        manager, graph = self._manager, self._graph
        options = manager.options
        options.mypy_path = [str(Path(SOURCES).absolute()), *options.mypy_path[1:]]
        sources = create_source_list(files, options, manager.fscache)
        if taken := {source.module for source in sources} & (self._known | self._wanted):
            raise OutsideTheGraph(f"{', '.join(sorted(taken))}: a library's name")
        manager.cwd = str(Path.cwd())
        manager.errors.set_ignore_prefix(manager.cwd)
        manager.source_set = BuildSourceSet(sources)
        manager.search_paths = compute_search_paths(sources, options, manager.data_dir)
        manager.find_module_cache = FindModuleCache(
            manager.search_paths, manager.fscache, options, source_set=manager.source_set
        )
        load_graph(sources, manager, graph)
        for name in graph.keys() - self._known:
            manager.import_map[name] = graph[name].dependencies_set
        self._process_new()

    def _process_new(self) -> None:
        """What mypy's `process_graph` does, where all that is not new is done."""
        manager, graph = self._manager, self._graph
        sccs = sorted_components(graph)
        manager.scc_by_id = {scc.id: scc for scc in sccs}
        manager.scc_by_mod_id = {name: scc for scc in sccs for name in scc.mod_ids}
        manager.top_order = [scc.id for scc in sccs]
        new = [scc for scc in sccs if not scc.mod_ids <= self._known]
        if any(scc.mod_ids & self._known for scc in new):
            raise OutsideTheGraph("a library imports a file of the snapshot")
        manager.done_sccs = {scc.id for scc in sccs} - {scc.id for scc in new}
        for scc in new:
            process_stale_scc(graph, scc, manager)
