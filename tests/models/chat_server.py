"""A server that speaks OpenAI's protocol on this machine, and says what it is told to say."""

import json
import math
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CUT = 0


class Chat:
    """What a server was asked, and how it replies.

    Attributes:
        say: the content of an answer to a body, several of them, or all of the reply.
        asked: bodies of the requests, and `keys`, what they were signed with.
        replies: statuses of the next replies, each with headers; then all is well. `CUT` breaks
            the connection off within the answer.
        key: what requests must be signed with; None takes any.
        most: requests that were under way at one time.
    """

    def __init__(self, say=lambda body: "it was dull", seconds=0.0, key=None):
        self.say, self.seconds, self.key = say, seconds, key
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


def with_logprobs(tokens):
    """An answer of one token, with the probabilities of those that it was drawn from."""
    top = [{"token": token, "logprob": math.log(share)} for token, share in tokens.items()]
    message = {"role": "assistant", "content": top[0]["token"]}
    choice = {"message": message, "logprobs": {"content": [{**top[0], "top_logprobs": top}]}}
    return {"choices": [choice], "usage": {"total_tokens": 7}}


def handler(chat):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with chat.counted():
                with chat.lock:
                    chat.asked.append(body)
                    chat.keys.append(self.headers.get("authorization"))
                    status, headers = chat.replies.pop(0) if chat.replies else (200, {})
                if chat.key and chat.keys[-1] != f"Bearer {chat.key}":
                    status = 401
                time.sleep(chat.seconds)
                cut, status = status == CUT, 200 if status == CUT else status
                said = chat.say(body) if status == 200 else {"error": "key sk-secret is no good"}
                if isinstance(said, str | list):
                    texts = [said] if isinstance(said, str) else said
                    messages = [{"role": "assistant", "content": text} for text in texts]
                    choices = [{"message": message} for message in messages]
                    said = {"choices": choices, "usage": {"total_tokens": 7}}
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if cut else content)
                self.close_connection = True

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
