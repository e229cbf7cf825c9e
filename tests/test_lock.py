import pytest

from tools import lock


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose locks are in order."""
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("django==5.2.8\n")
    body = "django==5.2.8 \\\n    --hash=sha256:ab\n"
    for name in lock.LOCKS:
        (tmp_path / name).write_text(lock.header(name, body) + body)
    return tmp_path


def test_a_lock_as_it_was_written_is_sound(project):
    assert lock.check() == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("requirements.lock", "sha256:ab", "sha256:cd", ["requirements.lock"]),
        ("requirements.lock", "    --hash", "other==1 --hash", ["requirements.lock"]),
        ("requirements-dev.lock", "django==5.2.8 ", "django==5.2.7 ", ["requirements-dev.lock"]),
        ("requirements.txt", "5.2.8", "5.2.9", ["requirements.lock", "requirements-dev.lock"]),
        ("requirements-dev.txt", "5.2.8", "5.2.9", ["requirements-dev.lock"]),
    ],
)
def test_a_changed_lock_or_requirement_is_named(project, capsys, file, old, new, told):
    path = project / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))

    assert lock.check() == 1

    assert [line.split()[0] for line in capsys.readouterr().err.splitlines()] == told
