"""The live check of lab 7: the demo's applications on a wire, asked by scapy, as any host would ask them."""
import random

from grader.checks import Boot, Wrong, check

OURS, PEER, PEER_MAC = "10.0.2.15", "10.0.2.2", "02:00:00:00:00:02"


def same(what, expected, got):
    if expected != got:
        raise Wrong(what, expected=str(expected), got=str(got))


def ask(wire, what, packet):
    """Send it, and what comes back, dissected."""
    from scapy.all import Ether
    wire.send(bytes(packet))
    return Ether(wire.receive(what))


def datagram(wire, port, data, source=40000, **ip):
    from scapy.all import IP, UDP, Ether, Raw
    return Ether(dst=wire.mac.hex(":"), src=PEER_MAC) / IP(src=PEER, dst=OURS, **ip) / UDP(sport=source, dport=port) / Raw(data)


def answered(wire, packet, what):
    """The data of the answer to a datagram, which is one to us with right checksums."""
    from scapy.all import IP, UDP, Ether
    got = ask(wire, what, packet)
    if UDP not in got:
        raise Wrong(f"{what} is no UDP datagram.", got=got.summary())
    asked = packet[UDP]
    same(f"{what}: from where to where.", (wire.mac.hex(":"), PEER_MAC, OURS, PEER, asked.dport, asked.sport),
         (got.src, got.dst, got[IP].src, got[IP].dst, got[UDP].sport, got[UDP].dport))
    checksums, again = (got[IP].chksum, got[UDP].chksum), Ether(bytes(got))
    del again[IP].chksum, again[UDP].chksum
    again = Ether(bytes(again))
    same(f"{what}: its checksums.", (again[IP].chksum, again[UDP].chksum), checksums)
    return bytes(got[UDP].payload)[:got[UDP].len - 8]


def client(wire, times=150):
    """Asks all of them, so many times, in turns, between frames that are nobody's."""
    from scapy.all import ARP, DNS, DNSQR, ICMP, IP, UDP, Ether, Raw
    rng, counted, sizes = random.Random(wire.seed), 0, 0
    got = ask(wire, "an answer to the ARP request", Ether(dst="ff:ff:ff:ff:ff:ff", src=PEER_MAC) / ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst=OURS))
    same("The ARP reply.", (2, wire.mac.hex(":"), OURS, PEER_MAC, PEER), (got[ARP].op, got[ARP].hwsrc, got[ARP].psrc, got[ARP].hwdst, got[ARP].pdst))
    for size in (0, 1, 56, 1471, 1472):
        ping = Ether(dst=wire.mac.hex(":"), src=PEER_MAC) / IP(src=PEER, dst=OURS) / ICMP(type=8, id=7, seq=size) / Raw(rng.randbytes(size))
        got = ask(wire, f"an answer to a ping of {size} bytes", ping)
        same(f"The answer to a ping of {size} bytes.", (0, 7, size, bytes(ping[ICMP].payload)),
             (got[ICMP].type, got[ICMP].id, got[ICMP].seq, bytes(got[ICMP].payload)[:size]))
    names = {"exolab.test.": "10.0.2.15", "AEGIS.exolab.test.": "18.26.4.95", "xok.exolab.test.": "18.26.4.97", "nobody.exolab.test.": 3,
             "example.org.": 5}
    for n in range(times):
        kind = rng.choice(("echo", "echo", "dns", "count", "count", "options", "stray"))
        if kind == "echo":
            data = rng.randbytes(rng.choice((0, 1, 17, 18, 500, 1472)))
            same(f"Echo {n}.", data, answered(wire, datagram(wire, 7, data, rng.randrange(1024, 65536)), f"the echo of {len(data)} bytes"))
        elif kind == "options":         # an IP header of 24 bytes
            from scapy.all import IPOption
            data = rng.randbytes(20)
            packet = datagram(wire, 7, data, options=[IPOption(b"\x94\x04\x00\x00")])
            same(f"Echo {n}, with IP options.", data, answered(wire, packet, "the echo of a datagram with IP options"))
        elif kind == "dns":
            name, want = rng.choice(list(names.items()))
            query = DNS(id=rng.getrandbits(16), rd=1, qd=DNSQR(qname=name))
            reply = DNS(answered(wire, datagram(wire, 53, bytes(query)), f"the answer for {name}"))
            said = reply.rcode if reply.rcode or not reply.an else reply.an.rdata
            same(f"The answer for {name}", (query.id, 1, name.encode(), want), (reply.id, reply.qr, reply.qd.qname, said))
        elif kind == "count":
            packet = datagram(wire, 9, rng.randbytes(rng.choice((18, 100, 1472))))
            wire.send(bytes(packet))
            counted, sizes = counted + 1, sizes + len(bytes(packet))
        else:
            wire.send(bytes(rng.choice((
                datagram(wire, rng.choice((6, 8, 11, 54, 7000)), b"stray" * 4), datagram(wire, 9, b"fragment" * 4, frag=1),
                Ether(dst=wire.mac.hex(":"), src=PEER_MAC, type=0x88b5) / Raw(bytes(46)),
                Ether(dst=wire.mac.hex(":"), src=PEER_MAC) / IP(src=PEER, dst="10.0.2.16") / UDP(sport=5, dport=7) / Raw(b"another host" * 2)))))
    same("What the counter tells.", f"{counted} datagrams, {sizes} bytes\n".encode(), answered(wire, datagram(wire, 10, b"?" * 18), "what the counter tells"))


@check(points=5, step="7.4", ends="peer", boots=Boot("demo", net=client, ready=("host: ", "echo: ", "dns: ", "count: ")),
       hint="The applications are demo/*.user.c, and each names by its filter what is its own. Which one is asked where it goes wrong, and what does the "
            "classifier say of that frame?")
def test_live(run):
    """Several applications at once, asked by real packets: each gets what is its own, and nothing else."""
    if run.error is not None:
        raise run.error
