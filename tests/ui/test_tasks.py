import asyncio

from app.domain.problems import Expected, Unreachable
from app.ui.tasks import Tasks


def _tasks() -> tuple[Tasks, list[str], list[str]]:
    sentences: list[str] = []
    bugs: list[str] = []
    return Tasks(lambda e: sentences.append(str(e)), lambda name, _: bugs.append(name)), sentences, bugs


async def test_what_escapes_goes_to_its_handler_and_leaves_the_others_alone() -> None:
    tasks, sentences, bugs = _tasks()
    inline: list[Expected] = []
    done = asyncio.Event()

    async def unreachable() -> None:
        raise Unreachable("No connection.")

    async def bug() -> None:
        raise KeyError("oops")

    async def works() -> None:
        await asyncio.sleep(0.01)
        done.set()

    tasks.start("a", unreachable)
    tasks.start("b", unreachable, failed=inline.append)
    tasks.start("c", bug)
    tasks.start("d", works)
    await asyncio.wait_for(done.wait(), 2)
    assert sentences == ["No connection."]
    assert [str(error) for error in inline] == ["No connection."]
    assert bugs == ["c"]
    assert await tasks.stop(1.0) == ()


async def test_only_the_latest_of_a_name_counts() -> None:
    tasks, _, bugs = _tasks()
    ended: list[int] = []

    async def look(n: int) -> None:
        await asyncio.sleep(0.02)
        ended.append(n)

    for n in range(5):
        tasks.latest("look", look, n)
    await asyncio.sleep(0.1)
    assert ended == [4]
    assert not tasks.running("look")
    tasks.latest("look", look, 9)
    tasks.cancel("look")
    await tasks.stop(1.0)
    assert ended == [4]
    assert bugs == []


async def test_stop_cancels_waits_and_names_who_is_late() -> None:
    tasks, _, _ = _tasks()
    cleaned: list[bool] = []
    release = asyncio.Event()

    async def tidy() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    tasks.start("tidy", tidy)
    tasks.start("stubborn", stubborn)
    await asyncio.sleep(0)
    assert await tasks.stop(0.05) == ("stubborn",)
    assert cleaned == [True]
    tasks.start("too late", tidy)
    assert not tasks.running("too late")
    release.set()
    await asyncio.sleep(0.01)
