// SPDX-License-Identifier: Apache-2.0

/// What may be wrong with packets, and with the time that the daemon has for them.
extension Fault {
    static let traffic: [Fault] = [
        Fault(name: "own address as inner source", expected: "source.own") { ward in
            try ward.b.keepSending([.toA(.echo("10.9.0.1", "10.9.0.1"))], every: 0.05)
            try ward.waitForDrops("own-source")
        },
        Fault(name: "corrupted inner checksums", expected: "inner.checksum") { ward in
            let corrupted = CraftedPacket.echo("10.9.0.2", "10.9.0.1").with { $0.checksum = 0xdead }
            try ward.b.keepSending([.toA(corrupted)], every: 0.05)
            try ward.waitForDrops("inner-checksum")
        },
        Fault(name: "wrong outer checksum", expected: "outer.checksum", verdict: "warning") { ward in
            try ward.keepForging()
            try eventually("the kernel counts them") {
                try ward.a.shell("nstat -asz IpExtInCsumErrors | tail -1").split(separator: " ")[1] != "0"
            }
        },
        Fault(
            name: "ping -I DEVICE to a far inner address that never leaves", expected: "route.inner", layout: .allowed
        ) { ward in
            try ward.keepPinging("10.77.0.1", from: ward.a, "-I", "iptun0")
            try ward.waitForDrops("no-peer")
        },
        Fault(name: "receive overflow", expected: "receive.overflow") { ward in
            // To a group, so that no ICMP error is due for it.
            try ward.b.keepSending([.toA(.datagram("10.9.0.2", "239.1.2.3", port: 9))])
            try ward.keepStuttering()
            try eventually("the socket is full") { try ward.tunnel?.a.report().kernel_losses.socket ?? 1 > 0 }
        },
        Fault(name: "TUN queue overflow", expected: "queue.overflow") { ward in
            try ward.a.shell("ip link set iptun0 txqueuelen 5")
            _ = try ward.a.start([
                "/usr/bin/python3", "-c",
                """
                import socket
                wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                while True: wire.sendto(bytes(50), ("10.9.0.2", 9))
                """,
            ])
            try ward.keepStuttering()
            try eventually("the queue is full") { try ward.tunnel?.a.report().kernel_losses.device ?? 1 > 0 }
        },
    ]
}

extension Ward {
    /// Outer packets whose header checksum is wrong, which only a link can be given: the kernel writes it into all others.
    fileprivate func keepForging() throws {
        guard let address = try a.link("eth0", "link/ether") else { return }
        let wrong = CraftedPacket.toA(.echo("10.9.0.2", "10.9.0.1")).with { $0.checksum = 0xdead }
        let packet = wrong.octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        _ = try b.start([
            "/usr/bin/python3", "-c",
            """
            import socket, time
            packet = bytes.fromhex("\(packet)")
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
            while True:
                wire.sendto(packet, ("eth0", 0x0800, 0, 0, bytes.fromhex("\(address)".replace(":", ""))))
                time.sleep(0.05)
            """,
        ])
    }

    /// Stops the left daemon for most of the time, as a host does that has too much to do.
    fileprivate func keepStuttering() throws {
        guard let id = tunnel?.a.process.id else { return }
        _ = try a.start([
            "sh", "-c",
            """
            trap 'kill -CONT \(id); exit' TERM
            while kill -STOP \(id); do sleep 0.3; kill -CONT \(id); sleep 0.1; done
            """,
        ])
    }
}

extension CraftedPacket {
    /// An outer packet from the right host to the left one.
    fileprivate static func toA(_ inner: CraftedPacket) -> CraftedPacket {
        .outer("192.0.2.2", "192.0.2.1", inner.octets)
    }
}
