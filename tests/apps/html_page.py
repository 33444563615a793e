"""A page that tartan wrote, looked at: balanced, self-contained, small."""
import os
import re
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input"}


class Balanced(HTMLParser):
    """Fails where tags do not nest."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes <{self.open[-1:]}> at {self.getpos()}"
        self.open.pop()


def page(path):
    assert os.path.getsize(path) < 2 << 20
    with open(path, encoding="utf-8") as f:
        text = f.read()
    parser = Balanced()
    parser.feed(text)
    assert parser.open == [], parser.open
    assert not re.search(r"(?:src|href)=\"(?!data:)", text) and "http" not in text, "the page refers to something outside"
    assert not re.search(r"url\(|@import", text)
    assert not re.search(r"\b-?nan\b|\binf\b", text), re.findall(r".*\b(?:nan|inf)\b.*", text)
    return text, parser.seen
