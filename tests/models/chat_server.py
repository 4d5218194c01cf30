"""A server that speaks OpenAI's protocol on this machine, and says what it is told to say."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Chat:
    """What a server was asked, and how it replies.

    Attributes:
        asked: bodies of the requests, and `keys`, what they were signed with.
        replies: statuses of the next replies, each with headers; then all is well.
        most: requests that were under way at one time.
    """

    def __init__(self, say=lambda body: "it was dull", seconds=0.0):
        self.say, self.seconds = say, seconds
        self.asked, self.keys, self.replies = [], [], []
        self.most = self._now = 0
        self.lock = threading.Lock()

    @contextmanager
    def counted(self):
        with self.lock:
            self._now += 1
            self.most = max(self.most, self._now)
        yield
        with self.lock:
            self._now -= 1


def handler(chat):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with chat.counted():
                with chat.lock:
                    chat.asked.append(body)
                    chat.keys.append(self.headers.get("authorization"))
                    status, headers = chat.replies.pop(0) if chat.replies else (200, {})
                time.sleep(chat.seconds)
                said = chat.say(body) if status == 200 else {"error": "key sk-secret is no good"}
                if isinstance(said, str):
                    message = {"role": "assistant", "content": said}
                    said = {"choices": [{"message": message}], "usage": {"total_tokens": 7}}
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


@contextmanager
def serving(chat):
    """The address of a server, for as long as it is wanted."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(chat))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
