"""An S3 server on a free port of 127.0.0.1, kept in memory. Prints one JSON line with its address, runs until SIGTERM.

Any access key and secret are taken. Requests that must be refused are tested with a bucket policy or a missing bucket.
"""

import json
import logging
import signal

from moto.server import ThreadedMotoServer


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(json.dumps({"event": "listening", "url": f"http://{host}:{port}"}, separators=(",", ":")), flush=True)
    signal.sigwait(signals)
    server.stop()


if __name__ == "__main__":
    main()
