from django.core.mail import EmailMessage, get_connection

SUBJECT, BODY = "Mã đăng nhập của bạn", "Mã là 123456.\n"


def test_each_mail_is_a_file_that_people_can_read(tmp_path):
    post = get_connection("privacyportal.mail_files.EmailBackend", file_path=str(tmp_path))
    mails = [EmailMessage(SUBJECT, BODY, "a@example.com", [to]) for to in ("b@c.vn", "d@e.vn")]
    mails[1].extra_headers["List-Unsubscribe"] = "<https://example.com/out>"

    post.open()
    assert (post.send_messages(mails[:1]), post.send_messages(mails[1:])) == (1, 1)

    first, second = sorted(tmp_path.iterdir())
    head = f"From: a@example.com\nTo: %s\nSubject: {SUBJECT}\n%s\n{BODY}"
    assert first.read_text() == head % ("b@c.vn", "")
    assert second.read_text() == head % ("d@e.vn", "List-Unsubscribe: <https://example.com/out>\n")
