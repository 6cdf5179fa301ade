"""``backup`` and ``restore``."""

import json
from pathlib import Path

from tests.console.program import Ctl

GUIDE = Path(__file__).parents[1] / "data" / "guide"
WORDS = "four words make one"


async def test_there_and_back_again(ctl: Ctl, tmp_path: Path) -> None:
    raw = ctl.folder / "raw.jsonl"
    samples = ("batch-message-optout", "batch-messages-1", "message-batch")
    raw.write_text(
        "\n".join(json.dumps(json.loads((GUIDE / f"{name}.json").read_text("utf-8"))) for name in samples)
    )
    assert (await ctl("import", str(raw))).status == 0
    file = tmp_path / "log.textbell"
    assert "longer passphrase" in (await ctl("backup", str(file), given="short\n")).sentence
    ended = await ctl("backup", str(file), "--json", given=f"{WORDS}\n")
    assert ended.json() == {"events": 3, "file": str(file)}
    other = Ctl(tmp_path / "other")
    other.folder.mkdir()
    assert "passphrase" in (await other("restore", str(file), given="another one\n")).sentence
    ended = await other("restore", str(file), "--json", given=f"{WORDS}\n")
    assert ended.json() == {"events": 3, "restart": False}
    assert (await other("export", "--format", "jsonl")).out == (await ctl("export", "--format", "jsonl")).out
    assert [path.name for path in other.data.glob("log.db.replaced-*")] != []
