"""The cases in Go (`go/`): one top-level test each, with what must be found in it."""

from __future__ import annotations

from dataclasses import replace

from leakcheck.model import Tests as Verdict
from tests.corpus.case import Case, Found, direct, indirect, kept, lost

__all__ = ["GO_CASES"]


def _lost(name: str, *found: Found) -> Case:
    """A leak of the test itself, on one of its own goroutines."""
    return lost("leaks", name, *(replace(one, test=one.test or name) for one in found))


def _unattributed(name: str, *found: Found) -> Case:
    """A leak on a C thread: nothing says for whom it works."""
    return lost("leaks", name, *found)


def _kept(name: str, *strict: Found, since: tuple[int, int] = (1, 21)) -> Case:
    return kept("keeps", name, *(replace(one, test=name) for one in strict), since=since)


_BLOCKS = (
    _lost("TestMalloc", direct(1, 101, "leak_malloc")),
    _lost("TestCalloc", direct(1, 143, "leak_calloc")),
    _lost("TestReallocMoves", direct(1, 5000, "leak_realloc")),
    _lost("TestReallocInPlace", direct(1, 1040, "leak_realloc")),
    _lost("TestReallocShrinks", direct(1, 100, "leak_realloc")),
    _lost("TestPosixMemalign", direct(1, 301, "leak_posix_memalign")),
    _lost("TestAlignedAlloc", direct(1, 192, "leak_aligned_alloc")),
    _lost("TestStrdup", direct(1, 23, "leak_strdup")),
    _lost("TestAsprintf", direct(1, 13, "leak_asprintf")),
    _lost("TestDirectory", direct(1, 32816, "leak_directory")),
    _lost("TestZeroBytes", direct(1, 0, "leak_malloc")),
    _lost("TestLargeBlock", direct(1, 5 << 20, "leak_malloc")),
    _lost("TestOverwrittenGlobal", direct(1, 111, "overwrite_global")),
    _lost("TestAfterChurn", direct(3, 231, "leak_malloc")),
    _lost("TestNew", direct(1, 64, "leak_new")),
    _lost("TestNewArray", direct(1, 192, "leak_new_array")),
    _lost("TestCString", direct(1, 6, "CString")),
    _lost("TestCStringInALoop", direct(100, 550, "CString")),
    _lost("TestCBytes", direct(1, 3, "CBytes")),
)

_GRAPHS = (
    _lost("TestList", direct(1, 16, "new_node"), indirect(4, 64, "new_node")),
    _lost("TestLongList", direct(1, 16, "new_node"), indirect(99999, 1599984, "new_node")),
    _lost("TestCycle", direct(1, 16, "new_node"), indirect(2, 32, "new_node")),
    _lost("TestTree", direct(1, 24, "new_tree"), indirect(6, 144, "new_tree")),
    _lost("TestPair", direct(1, 16, "leak_pair"), indirect(2, 63, "leak_pair")),
    _lost(
        "TestObjectWithMembers",
        direct(1, 56, "leak_object_with_members"),
        indirect(2, 300, "Record"),
    ),
)

_THREADS = (
    _unattributed("TestThread", direct(1, 104, "allocate")),
    _unattributed("TestDetachedThread", direct(1, 105, "allocate_detached")),
    _unattributed("TestThreadLocalOfFinishedThread", direct(1, 106, "allocate_thread_local")),
    _unattributed("TestKeyOfFinishedThread", direct(1, 107, "allocate_for_key")),
    _unattributed("TestStackOfFinishedThread", direct(8, 1048, "lose_on_stack")),
    _unattributed("TestCallbackInThread", direct(1, 120, "goAllocates")),
)

_GO_CODE = (
    _lost("TestDroppedStruct", direct(1, 300, "NewBuffer")),
    _lost("TestCallback", direct(1, 108, "goAllocates")),
    _lost("TestCallbackTwice", direct(1, 128, "leak_malloc")),
    replace(_lost("TestFailing", direct(1, 109, "NewBuffer")), tests=Verdict.FAILED),
    _lost("TestCleanup", direct(1, 117, "leak_malloc")),
    _lost("TestRecoveredPanic", direct(1, 118, "NewBuffer")),
    _lost("TestDeletedFromMap", direct(1, 121, "NewBuffer")),
    _lost("TestResetSlice", direct(5, 615, "NewBuffer")),
    _lost("TestReplacedInterface", direct(1, 124, "NewBuffer")),
    _lost("TestReceivedFromChannel", direct(3, 378, "NewBuffer")),
    _lost("TestPoolWithoutFinalizer", direct(1, 127, "NewBuffer")),
    _lost("TestWhileCollecting", direct(2000, 272000, "MallocPointer")),
    _lost("ExampleNewBuffer", direct(1, 129, "NewBuffer")),
    _lost("FuzzNewBuffer", direct(1, 130, "NewBuffer", "FuzzNewBuffer/seed#0")),
)

_GOROUTINES = (
    _lost("TestFinishedGoroutines", direct(10, 1100, "leak_malloc")),
    _lost("TestNamedGoroutine", direct(4, 448, "leak_malloc")),
    _lost("TestGoroutineWithoutArguments", direct(1, 111, "leak_malloc")),
    _lost("TestGoroutineOfGroup", direct(3, 411, "leak_malloc")),
    _lost("TestWorkerThatStays", direct(5, 670, "NewBuffer")),
    _lost("TestWorkerThatStaysWithPointer", direct(5, 675, "MallocPointer")),
    _lost("TestEndedLockedThread", direct(1, 119, "set_thread_local")),
    _lost(
        "TestGoroutineOfSubtest",
        direct(2, 276, "leak_malloc", "TestGoroutineOfSubtest/one"),
    ),
    _lost("TestSubtest", direct(1, 113, "leak_malloc", "TestSubtest/leaking")),
    _lost(
        "TestParallel",
        direct(3, 342, "leak_malloc", "TestParallel/one"),
        direct(3, 342, "leak_malloc", "TestParallel/two"),
        direct(5, 570, "leak_malloc", "TestParallel/three"),
        direct(4, 456, "leak_malloc", "TestParallel/four"),
    ),
    _lost(
        "TestHelperOfSubtest",
        direct(1, 115, "NewBuffer", "TestHelperOfSubtest/size"),
        direct(1, 116, "NewBuffer", "TestHelperOfSubtest/size#01"),
    ),
)

_OUTSIDE_OF_TESTS = (
    lost("testmain", "TestNothing", direct(2, 263, "leak_in_set_up")),
    lost("initial", "TestReady", direct(1, 133, "new_settings")),
)

_HELD_BY_C = (
    _kept("TestGlobal"),
    _kept("TestInteriorPointer", direct(1, 202, "keep_inside_global")),
    _kept("TestListHead"),
    _kept("TestTable"),
    _kept("TestMapping", direct(3, 609, "keep_in_mapping")),
    _kept("TestThreadLocal"),
    _kept("TestThreadKey"),
    _kept("TestLiveThreadsStack"),
    _kept("TestLiveThreadsRegister"),
    _kept("TestLiveThreadsVectorRegister"),
    _kept("TestBusyThreadsRegister"),
    _kept("TestThreadArgument"),
    _kept("TestLoadedLibrary"),
    _kept("TestExitHandler"),
    _kept("TestOpenFile"),
    _kept("TestEnvironment"),
)

_HELD_BY_GO = (
    _kept("TestGoGlobal"),
    _kept("TestGoGlobalPointer"),
    _kept("TestMap"),
    _kept("TestMapOfPointers"),
    _kept("TestSlice"),
    _kept("TestShortenedSlice"),
    _kept("TestInterface"),
    _kept("TestChannelBuffer"),
    _kept("TestHandle", direct(1, 232, "Handle")),
    _kept("TestHandles", direct(3, 699, "Handle")),
    _kept("TestSyncMap"),
    _kept("TestAtomicPointer"),
    _kept("TestArrayOfStructs"),
    _kept("TestClosure"),
    _kept("TestView"),
    _kept("TestViewOfTheRest", direct(1, 259, "Pointer")),
    _kept("TestCStruct"),
    _kept("TestCgoHandle"),
    _kept("TestTimer"),
    _kept("TestContext"),
)

_HELD_BY_GOROUTINES = (
    _kept("TestBlockedGoroutine"),
    _kept("TestBlockedGoroutineWithPointer"),
    _kept("TestSleepingGoroutine"),
    _kept("TestBusyGoroutine"),
    _kept("TestGoroutineInC"),
    _kept("TestGoroutineInCThatHolds"),
    _kept("TestVariablesWithAddress"),
    _kept("TestDeferredFree"),
    _kept("TestHandleOfGoroutine", direct(1, 257, "Handle")),
    kept("busy", "TestBusyWorkers"),
    kept("busy", "TestBusyPipeline"),
    kept("busy", "TestBusyRecycling"),
)

_HELD_BY_STACKS = (
    _kept("TestArrayOnStack"),
    _kept("TestSliceOnStack"),
    _kept("TestMapOnStack"),
    _kept("TestClosureOnStack"),
    _kept("TestMethodValueOnStack"),
    _kept("TestChainOnStack"),
    _kept("TestInterfaceOnStack"),
    _kept("TestLargeArrayOnStack"),
    _kept("TestDeferredClosures"),
    _kept("TestArgumentsOfGoroutine"),
    _kept("TestGoroutineThatSends"),
    _kept("TestDeepGoroutine"),
    _kept("TestRegisterOfGoroutine"),
    _kept("TestGoroutineInPanic"),
)

_FREED_BY_THE_COLLECTOR = (
    _kept("TestFinalizer"),
    _kept("TestFinalizerChain"),
    _kept("TestSlowFinalizer"),
    _kept("TestPool"),
    _kept("TestAddCleanup", since=(1, 24)),
)

GO_CASES: tuple[Case, ...] = (
    *_BLOCKS,
    *_GRAPHS,
    *_THREADS,
    *_GO_CODE,
    *_GOROUTINES,
    *_OUTSIDE_OF_TESTS,
    *_HELD_BY_C,
    *_HELD_BY_GO,
    *_HELD_BY_GOROUTINES,
    *_HELD_BY_STACKS,
    *_FREED_BY_THE_COLLECTOR,
)
"""All cases, leaks first."""
