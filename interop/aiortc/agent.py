"""The agent of interop/agent/agent.ts for aiortc: the same commands, the same answers.

It is forked as a Node child would be: JSON, one object a line, on the socket whose number is in NODE_CHANNEL_FD. What
aiortc lacks is not made up for here, but said in defects.ts. Its descriptions carry every candidate, since gathering ends
within setLocalDescription; there is nothing to trickle.
"""

import asyncio
import atexit
import hashlib
import json
import os
import socket
import tempfile
import time

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

LOOK_EVERY = 0.004  # s
LONGEST_LINE = 64 * 1024 * 1024
WORD = 0xFFFFFFFF


def now():
    return time.monotonic() * 1000


async def until(is_so, patience, what, instead):
    end = now() + patience
    while not is_so():
        if now() > end:
            raise RuntimeError(f"{what}: not within {patience} ms, but {instead()}")
        await asyncio.sleep(LOOK_EVERY)


def grow(length, seed):
    """`length` bytes of the xorshift32 sequence of payload.ts."""
    state = int(float(seed) * 0x9E3779B1 + 1) & WORD or 1  # in doubles, as there
    out = bytearray()
    for _ in range((length + 3) // 4):
        state ^= (state << 13) & WORD
        state ^= state >> 17
        state ^= (state << 5) & WORD
        out += state.to_bytes(4, "little")
    return bytes(out[:length])


def payload(item):
    return item["text"] if "text" in item else grow(item["bytes"], item["seed"])


def description(message):
    is_text = isinstance(message, str)
    data = message.encode() if is_text else message
    kind = "text" if is_text else "binary"
    return {"kind": kind, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


class ChannelLog:
    """One channel with everything that happened on it."""

    def __init__(self, channel, count):
        self.channel = channel
        self.events = []
        self.inbox = []
        self.arrivals = []
        self.bulk = None
        self.low_events = 0
        self.count = count
        channel.on("open", lambda: self.events.append("open"))
        channel.on("close", lambda: self.events.append("close"))
        channel.on("message", self.on_message)
        channel.on("bufferedamountlow", self.on_low)

    def on_low(self):
        self.low_events += 1

    def on_message(self, data):
        if self.bulk is not None:
            self.bulk.fill(data)
            return
        self.arrivals.append(self.count())
        self.inbox.append(data)
        if not self.events or self.events[-1] != "message":
            self.events.append("message")


class Bulk:
    def __init__(self, expected):
        self.expected = expected
        self.digest = hashlib.sha256()
        self.filled = 0
        self.messages = 0
        self.first = 0
        self.last = 0

    def fill(self, data):
        self.last = now()
        if self.messages == 0:
            self.first = self.last
        self.messages += 1
        self.filled += len(data)
        self.digest.update(data)


def trust(certificate):
    """OpenSSL looks for those it trusts whenever a TLS connection is made."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(certificate)
    atexit.register(os.unlink, file.name)
    os.environ["SSL_CERT_FILE"] = file.name


class Connection:
    def __init__(self, configuration, keep):
        servers = configuration.get("iceServers", [])
        if "authority" in configuration:
            trust(configuration["authority"])
        self.pc = RTCPeerConnection(RTCConfiguration([RTCIceServer(**server) for server in servers]))
        self.incoming = []
        self.pc.on("datachannel", lambda channel: self.incoming.append(keep(channel)))


class Agent:
    def __init__(self):
        self.connections = []
        self.channels = []
        self.arrivals = 0

    # Connections.

    def connect(self, configuration):
        self.connections.append(Connection(configuration, self.keep))
        return len(self.connections) - 1

    async def offer(self, number, ice_restart=False):
        pc = self.connections[number].pc
        await pc.setLocalDescription(await pc.createOffer())
        return self.local(pc)

    async def answer(self, number, offer):
        pc = self.connections[number].pc
        await pc.setRemoteDescription(RTCSessionDescription(**offer))
        await pc.setLocalDescription(await pc.createAnswer())
        return self.local(pc)

    async def acceptAnswer(self, number, answer):
        await self.connections[number].pc.setRemoteDescription(RTCSessionDescription(**answer))

    async def addCandidate(self, number, candidate):
        pc = self.connections[number].pc
        # An end of candidates cannot be told.
        if candidate is None or candidate["candidate"] == "":
            return
        parsed = candidate_from_sdp(candidate["candidate"].removeprefix("candidate:"))
        parsed.sdpMid = candidate.get("sdpMid")
        parsed.sdpMLineIndex = candidate.get("sdpMLineIndex")
        await pc.addIceCandidate(parsed)

    def candidates(self, number, patience):
        return {"candidates": [], "ended": True}

    def generation(self, number):
        return None

    async def gathered(self, number, patience):
        pc = self.connections[number].pc
        state = lambda: pc.iceGatheringState
        await until(lambda: state() == "complete", patience, "gathering complete", state)
        return self.local(pc)

    def states(self, number):
        pc = self.connections[number].pc
        return {
            "connection": pc.connectionState,
            "ice": pc.iceConnectionState,
            "signaling": pc.signalingState,
            "maxMessageBytes": None,
        }

    def path(self, number):
        return json.dumps(self.states(number))

    async def connectionState(self, number, wanted, patience):
        pc = self.connections[number].pc
        state = lambda: pc.connectionState
        await until(lambda: state() in wanted, patience, f"connectionState {' or '.join(wanted)}", state)
        return state()

    async def closeConnection(self, number):
        await self.connections[number].pc.close()

    async def reset(self):
        for connection in self.connections:
            await connection.pc.close()
        self.connections = []
        self.channels = []

    # Channels.

    def createChannel(self, number, label, init):
        return self.keep(self.connections[number].pc.createDataChannel(label, **init))

    async def incoming(self, number, patience):
        connection = self.connections[number]
        instead = lambda: f"connectionState is {connection.pc.connectionState}"
        await until(lambda: connection.incoming, patience, "a datachannel event", instead)
        return connection.incoming.pop(0)

    def facts(self, number):
        log = self.channels[number]
        names = "label protocol id ordered maxRetransmits maxPacketLifeTime negotiated readyState".split()
        return {**{name: getattr(log.channel, name) for name in names}, "events": log.events}

    async def readyState(self, number, wanted, patience):
        log = self.channels[number]
        is_so = lambda: log.channel.readyState == wanted
        await until(is_so, patience, f"readyState {wanted}", lambda: self.instead(log))

    async def event(self, number, wanted, patience):
        log = self.channels[number]
        await until(lambda: wanted in log.events, patience, f"a {wanted} event", lambda: self.instead(log))

    def send(self, number, items, after):
        channel = self.channels[number].channel
        for item in items:
            channel.send(payload(item))
        if after == "close":
            channel.close()

    def sendBehind(self, number, items, other, item):
        messages = [payload(each) for each in items]
        last = payload(item)
        for message in messages:
            self.channels[number].channel.send(message)
        self.channels[other].channel.send(last)

    def arrivals_of(self, number):
        return self.channels[number].arrivals

    def sendError(self, number, item):
        try:
            self.channels[number].channel.send(payload(item))
        except Exception as error:
            return type(error).__name__
        return None

    async def receive(self, number, count, patience):
        log = self.channels[number]
        instead = lambda: f"{len(log.inbox)} came and the channel is {log.channel.readyState}"
        await until(lambda: len(log.inbox) >= count, patience, f"{count} messages", instead)
        taken, log.inbox[:count] = log.inbox[:count], []
        return [description(message) for message in taken]

    def waiting(self, number):
        return len(self.channels[number].inbox)

    def closeChannel(self, number):
        self.channels[number].channel.close()

    # Bulk.

    def expectBulk(self, number, length):
        self.channels[number].bulk = Bulk(length)

    async def sendBulk(self, number, plan):
        log = self.channels[number]
        data = grow(plan["bytes"], plan["seed"])
        high = plan["highWater"]
        log.channel.bufferedAmountLowThreshold = high // 2
        waits = 0
        for at in range(0, len(data), plan["messageBytes"]):
            if log.channel.bufferedAmount > high:
                waits += 1
                while log.channel.bufferedAmount > high // 2:
                    await asyncio.sleep(LOOK_EVERY)
            log.channel.send(data[at : at + plan["messageBytes"]])
        return {"sha256": hashlib.sha256(data).hexdigest(), "lowEvents": log.low_events, "waits": waits}

    async def receiveBulk(self, number, patience):
        log = self.channels[number]
        bulk = log.bulk
        filled = -1
        while bulk.filled < bulk.expected:
            if filled == bulk.filled or log.channel.readyState == "closed":
                came = f"{bulk.filled} of {bulk.expected} bytes in {bulk.messages} messages"
                raise RuntimeError(f"{came}, then nothing for {patience} ms; the channel is {log.channel.readyState}")
            filled = bulk.filled
            at = bulk.messages
            end = now() + patience
            while bulk.messages == at and now() < end:
                await asyncio.sleep(LOOK_EVERY)
        if bulk.filled > bulk.expected:
            raise RuntimeError(f"{bulk.filled - bulk.expected} bytes more than were sent")
        milliseconds = bulk.last - bulk.first
        return {"sha256": bulk.digest.hexdigest(), "milliseconds": milliseconds, "messages": bulk.messages}

    # Not commands.

    def keep(self, channel):
        self.channels.append(ChannelLog(channel, self.arrived))
        return len(self.channels) - 1

    def arrived(self):
        self.arrivals += 1
        return self.arrivals

    @staticmethod
    def instead(log):
        return f"it is {log.channel.readyState}, with events {', '.join(log.events) or 'none'}"

    @staticmethod
    def local(pc):
        return {"type": pc.localDescription.type, "sdp": pc.localDescription.sdp}


RENAMED = {"arrivals": "arrivals_of"}


async def reply(agent, command, args):
    try:
        result = getattr(agent, RENAMED.get(command, command))(*args)
        return {"result": await result if asyncio.iscoroutine(result) else result}
    except Exception as error:
        return {"error": {"name": type(error).__name__, "message": str(error)}}


async def main():
    channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"]))
    channel.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=channel, limit=LONGEST_LINE)
    agent = Agent()
    under_way = set()

    def say(message):
        writer.write(json.dumps(message).encode() + b"\n")

    async def serve(request):
        answer = await reply(agent, request["command"], request["args"])
        say({"number": request["number"], **answer})

    say({"ready": True})
    # The harness is gone, however it went, once there is no line: so are we.
    while line := await reader.readline():
        task = asyncio.create_task(serve(json.loads(line)))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    os._exit(0)


asyncio.run(main())
