// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

extension MetricFamily {
    /// All that there are, in the order in which they are printed; docs/metrics.md lists the same.
    static let all: [MetricFamily] = ofProgram + ofTunnels + ofDirections + ofPeers

    private static let ofProgram: [MetricFamily] = [
        MetricFamily(
            name: "iptund_build_info", kind: .gauge, help: "Always 1; the version of iptund is a label.",
            labels: ["version"]
        ) { [Sample([$0.version], 1)] },
        MetricFamily(
            name: "iptund_tunnel_readable", kind: .gauge,
            help: "Whether the tunnel answered; without an answer it has no other metric.", labels: ["tunnel"]
        ) { input in
            input.reports.map { Sample([$0.name], 1) } + input.unreadable.map { Sample([$0], 0) }
        },
    ]

    private static let ofTunnels: [MetricFamily] = [
        MetricFamily(
            name: "iptund_tunnel_info", kind: .gauge,
            help: "Always 1; the device and our outer address are labels.", labels: ["tunnel", "device", "local"]
        ) { input in
            input.reports.map { Sample([$0.name, $0.device, $0.local], 1) }
        },
        .tunnel("up", .gauge, "1 when packets can pass, 0 when the tunnel is degraded.") {
            $0.state == .up ? 1 : 0
        },
        .tunnel("start_time_seconds", .gauge, "When the tunnel came up, since 1970.") {
            $0.startTimeSeconds.map { Double($0) }
        },
        .tunnel("mtu_bytes", .gauge, "MTU of the device.") { Double($0.mtu) },
        .tunnel(
            "underlay_mtu_bytes", .gauge,
            "Longest outer packet that the way to some peer takes; 0 without a way."
        ) {
            Double($0.underlayMTU)
        },
        .tunnel("workers", .gauge, "Pairs of threads that share the flows.") { Double($0.workers) },
        .tunnel("repairs_total", .counter, "Routes, rules and the like made again that another program had removed.") {
            $0.repairs.map { Double($0) }
        },
        MetricFamily(
            name: "iptund_tunnel_kill_switch_layer", kind: .gauge,
            help: "Whether a layer of the kill switch stands.", labels: ["tunnel", "layer"]
        ) { input in
            input.reports.flatMap { report in
                (report.killSwitch?.layers ?? []).map { Sample([report.name, $0], 1) }
            }
        },
        .tunnel(
            "kill_switch_dropped_packets_total", .counter,
            "Packets that the kill switch kept from leaving by another way."
        ) {
            $0.killSwitch?.dropped.map { Double($0) }
        },
        .tunnel("privilege_shortfalls", .gauge, "Privileges that the daemon could not give up.") {
            Double($0.privilegeShortfalls.count)
        },
        MetricFamily(
            name: "iptund_tunnel_kernel_lost_packets_total", kind: .counter,
            help: "Packets that the kernel dropped before the daemon saw them: at the raw socket, or at the device.",
            labels: ["tunnel", "place"]
        ) { input in
            input.reports.flatMap { report in
                [("socket", report.kernelLosses.socket), ("device", report.kernelLosses.device)].map {
                    Sample([report.name, $0.0], Double($0.1))
                }
            }
        },
    ]

    private static let ofDirections: [MetricFamily] = [
        .direction("received_packets_total", "Packets that came: delivered and dropped ones together.") { $0.received },
        .direction("delivered_packets_total", "Packets that were passed on.") { $0.delivered },
        .direction("dropped_packets_total", "Packets that were dropped, whatever the reason.") { $0.dropped },
        drops,
        .direction("gso_packets_total", "GSO packets: each stands for several segments.") {
            $0.gsoPackets
        },
        .direction("coalesced_packets_total", "Packets that the daemon merged itself from several.") { $0.coalesced },
        .direction("outer_packets_total", "Outer packets that were sent: segments and fragments each count.") {
            $0.outerPackets
        },
        .direction("fragmented_packets_total", "Packets that were cut into fragments.") { $0.fragmented },
        .direction("icmp_errors_sent_total", "ICMP errors sent to the senders of inner packets.") {
            $0.icmpErrorsSent
        },
        .direction("icmp_errors_rate_limited_total", "ICMP errors not sent because of the rate limit.") {
            $0.icmpErrorsRateLimited
        },
        .direction("icmp_errors_received_total", "ICMP errors received about our outer packets.") {
            $0.icmpErrorsReceived
        },
        .direction("stray_icmp_errors_total", "ICMP errors about outer packets of others.") { $0.strayICMPErrors },
        .direction("unexpected_ecn_packets_total", "Packets under an ECN that nobody uses.") { $0.unexpectedECN },
        .direction("dangerous_ecn_packets_total", "Packets under an ECN that they do not have themselves.") {
            $0.dangerousECN
        },
    ]

    /// Every reason without a peer is there from the start, so that the first drop is an increase. Of a peer only those
    /// that occurred are: with ten thousand peers the others would be half a million series.
    private static let drops = MetricFamily(
        name: "iptund_dropped_packets_total", kind: .counter,
        help: "Dropped packets by reason; the peer is empty where a packet belonged to none.",
        labels: ["tunnel", "peer", "direction", "reason"]
    ) { input in
        input.reports.flatMap { report in
            let ofNobody = report.directions.flatMap { direction in
                Drop.allCases.map { drop in
                    Sample(
                        [report.name, "", direction.name.rawValue, drop.name],
                        Double(direction.values.drops[drop.name] ?? 0))
                }
            }
            let ofPeers = zip(report.peerLabels, report.peers).flatMap { label, peer in
                peer.directions.flatMap { direction in
                    direction.values.drops.sorted { $0.key < $1.key }.map {
                        Sample([report.name, label, direction.name.rawValue, $0.key], Double($0.value))
                    }
                }
            }
            return ofNobody + ofPeers
        }
    }

    private static let ofPeers: [MetricFamily] = [
        MetricFamily(
            name: "iptund_peer_info", kind: .gauge,
            help: "Always 1; the host name, the outer address and ours towards it are labels.",
            labels: ["tunnel", "peer", "host", "endpoint", "local"]
        ) { input in
            input.reports.flatMap { report in
                zip(report.peerLabels, report.peers).map { label, peer in
                    Sample([report.name, label, peer.host ?? "", peer.endpoint ?? "", peer.local ?? ""], 1)
                }
            }
        },
        .peer("problem", .gauge, "1 when nothing can be sent to the peer: it has no address, or there is no way to it.")
        { peer, _ in
            peer.problem == nil ? 0 : 1
        },
        .transfer("packets_total", "Inner packets that passed.") { $0.packets },
        .transfer("bytes_total", "Octets of inner packets that passed.") { $0.octets },
        .peer("icmp_errors_received_total", .counter, "ICMP errors received about outer packets to the peer.") {
            peer, _ in
            Double(peer.icmpErrorsReceived)
        },
        .peer("path_mtu_bytes", .gauge, "Longest outer packet that reaches the peer, as far as is known.") { peer, _ in
            Double(peer.pathMTU)
        },
        .peer(
            "last_received_timestamp_seconds", .gauge, "When the last packet came from the peer, since 1970; 0: never."
        ) {
            peer, input in peer.lastReceivedSecondsAgo.map { (input.now - Double($0)).rounded(.down) } ?? 0
        },
        liveness,
        .peer("round_trip_seconds", .gauge, "From question to reply, smoothed; absent when there was no reply.") {
            peer, _ in peer.rttMicroseconds.map { Double($0) / 1_000_000 }
        },
        .peer("loss_ratio", .gauge, "Share of the last questions that had no reply; absent when none was asked.") {
            peer, _ in peer.lossPercent.map { Double($0) / 100 }
        },
    ]

    /// One series for each state, of which one is 1: so that a change of state is a change of values and not of series.
    private static let liveness = MetricFamily(
        name: "iptund_peer_liveness", kind: .gauge,
        help: "1 for the state that the peer is in: up, degraded, down or unknown.",
        labels: ["tunnel", "peer", "state"]
    ) { input in
        input.reports.flatMap { report in
            zip(report.peerLabels, report.peers).flatMap { label, peer in
                TunnelReport.PeerState.allCases.map {
                    Sample([report.name, label, $0.rawValue], $0 == peer.liveness ?? .unknown ? 1 : 0)
                }
            }
        }
    }
}
