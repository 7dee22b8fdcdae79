// SPDX-License-Identifier: Apache-2.0

@testable import iptund

extension TunnelReport {
    /// A tunnel with something in every field.
    static let sample = TunnelReport(
        name: "tunl-b", device: "tunl-b", state: .up, pid: 4242, namespace: 4_026_531_840, uptimeSeconds: 273_600,
        startTimeSeconds: 1_790_000_000, mtu: 1480,
        underlayMTU: 1500, local: "111.112.101.37", only: "encapsulate", acceptFrom: "192.0.2.0/24",
        peers: [
            Peer(
                name: "b", host: "b.example", endpoint: "111.112.100.86", local: "111.112.101.37",
                problem: "there is no way to it", allowedIPs: ["111.112.100.0/24", "10.0.0.0/8"],
                pathMTU: 1400, icmpErrorsReceived: 4, lastICMPError: "peer unreachable (ICMP 3/1 from 192.0.2.9)",
                lastReceivedSecondsAgo: 2,
                received: Transfer(
                    packets: 1000, octets: 1_288_490_189, drops: ["inner-source": 12, "truncated": 1, "martian": 1]),
                sent: Transfer(packets: 2, octets: 3072, drops: [:]))
        ],
        encapsulate: Direction(
            received: 3, delivered: 2, dropped: 1, drops: [:], gsoPackets: 1, outerPackets: 46, fragmented: 5,
            icmpErrorsSent: 6, icmpErrorsRateLimited: 7, icmpErrorsReceived: 0, lastICMPError: nil),
        decapsulate: Direction(
            received: 1016, delivered: 1000, dropped: 16, drops: ["not-peer": 2], gsoPackets: 8, coalesced: 15,
            icmpErrorsSent: 1, icmpErrorsRateLimited: 0, icmpErrorsReceived: 4, strayICMPErrors: 9,
            lastICMPError: "peer unreachable (ICMP 3/1 from 192.0.2.9)", unexpectedECN: 10, dangerousECN: 11),
        kernelLosses: KernelLosses(socket: 12, device: 13),
        privilegeShortfalls: ["bounding set not emptied"])
}
