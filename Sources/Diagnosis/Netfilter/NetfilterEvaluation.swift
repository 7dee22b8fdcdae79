// SPDX-License-Identifier: Apache-2.0

extension Netfilter {
    /// The fate of `packet` at `hook`.
    ///
    /// The first chain that drops it ends its way; one that accepts it hands it to the next. A rule with a condition that
    /// is not understood is passed over, and remembered as a doubt.
    package func judge(_ packet: Packet, at hook: Hook) -> Judgement {
        var packet = packet
        return judge(&packet, at: hook)
    }

    /// The same; `packet` then has the mark, the state and the destination that the hook's rules leave it with.
    func judge(_ packet: inout Packet, at hook: Hook) -> Judgement {
        var judgement = Judgement()
        for meeting in chains(of: hook, for: packet) {
            if meeting.base.kind == .nat, let state = packet.state, state != .new { continue }
            var walk = NetfilterWalk(meeting, packet)
            let ruling = walk.run(meeting.chain)
            packet.unknownMarkBits = walk.packet.unknownMarkBits
            if walk.packet.state == .untracked { packet.state = .untracked }
            if walk.rewritings.contains(where: { $0.rewriting == .destination }) {
                packet.isRedirected = .yes
            } else if walk.doubts.contains(where: { $0.consequence == .rewritten(.destination) }) {
                packet.isRedirected = .maybe
            }
            judgement.rewritings += walk.rewritings
            var fate = Fate.accepted
            switch ruling {
            case .accepted(let place): judgement.acceptances.append(place)
            case .dead(let death): fate = death
            case .passed where meeting.base.policy == .drop:
                let name = meeting.chain.name
                fate = .dropped(Place(meeting.table, base: name, chain: name, rule: "policy drop"))
            case .passed: break
            }
            if fate != .accepted {
                // A packet that another chain may have accepted is not saved by that here.
                judgement.doubts.removeAll { $0.consequence == .undecided }
                judgement.doubts += walk.doubts
                judgement.fate = fate
                return judgement
            }
            judgement.doubts += walk.doubts.filter { $0.consequence != .accepted }
        }
        return judgement
    }

    /// A base chain, met by a packet.
    struct Meeting {
        var table: Table
        var chain: Chain
        var base: Base
        /// The place of its hook on the packet's way.
        var rank = 1
    }

    /// The base chains that such a packet meets, in the kernel's order.
    private func chains(of hook: Hook, for packet: Packet) -> [Meeting] {
        let device = hook == .ingress ? packet.inputDevice : packet.outputDevice
        var found: [Meeting] = []
        for table in tables {
            for chain in table.chains.values {
                guard let base = chain.base else { continue }
                var meeting = Meeting(table: table, chain: chain, base: base)
                if table.family == .bridge {
                    guard let rank = Netfilter.rank(ofBridge: base.hook, at: hook, packet) else { continue }
                    meeting.rank = rank
                } else {
                    guard base.hook == hook else { continue }
                    if hook == .ingress || hook == .egress {
                        guard let name = device.name, base.devices.contains(name) else { continue }
                    }
                }
                found.append(meeting)
            }
        }
        return found.sorted {
            ($0.rank, $0.base.priority, $0.table.name, $0.chain.name)
                < ($1.rank, $1.base.priority, $1.table.name, $1.chain.name)
        }
    }

    /// The place of a bridge's hook on the way of a packet that arrives or leaves by a bridge; `nil` where it has none.
    ///
    /// Such a packet passes prerouting and input of family `bridge` before those of IP, and output and postrouting after
    /// them. Of a packet that is forwarded, all four belong to its forwarding.
    private static func rank(ofBridge chain: Hook, at hook: Hook, _ packet: Packet) -> Int? {
        let (arrives, leaves) = (packet.bridges.contains(.input), packet.bridges.contains(.output))
        switch (chain, hook) {
        case (.prerouting, .prerouting) where arrives, (.input, .input) where arrives: return 0
        case (.prerouting, .forward) where arrives: return -1
        case (.input, .forward) where arrives: return 0
        case (.output, .output) where leaves && packet.isOwn, (.postrouting, .postrouting) where leaves && packet.isOwn:
            return 2
        case (.output, .forward) where leaves: return 2
        case (.postrouting, .forward) where leaves: return 3
        default: return nil
        }
    }
}

extension Netfilter.Packet {
    /// The packet as a chain of a family and hook sees it: a bridge's chains see the port, which is not known.
    func seen(by meeting: Netfilter.Meeting) -> Netfilter.Packet {
        guard meeting.table.family == .bridge else { return self }
        var frame = self
        switch meeting.base.hook {
        case .prerouting, .input: (frame.inputDevice, frame.outputDevice) = (inputDevice.port, .none)
        default: (frame.inputDevice, frame.outputDevice) = (.none, outputDevice.port)
        }
        return frame
    }
}

extension Netfilter.Device {
    /// A port of this bridge.
    fileprivate var port: Netfilter.Device { .other(than: name ?? "") }
}
