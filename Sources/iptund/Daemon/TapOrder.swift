// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// What somebody wants to see of the packets of a running tunnel: the line that asks for it, and what it may cost.
struct TapOrder: Equatable {
    let kind: Kind
    /// Which packets.
    var content = Tap.Wants.all
    /// The most that is kept of a packet, octets.
    var snapLength = IPv4Packet.maximumLength
    /// What is kept for whoever reads slowly, octets, shared by all data threads.
    var buffer = 4 << 20

    /// Packets, or a sample of the beginnings of those that are dropped.
    enum Kind {
        case capture
        case sample
    }

    /// Bounds of a request.
    enum Limit {
        /// The largest buffer. Memory of the daemon.
        static let buffer = 1 << 16...RecordRing.most
        /// What is kept of a packet.
        static let snapLength = Tap.leastSnapLength...IPv4Packet.maximumLength
        /// How many may capture at once; as many again may look at drops.
        static let streams = 4
    }

    /// All packets.
    static func capture(snapLength: Int = IPv4Packet.maximumLength, buffer: Int = 4 << 20) -> TapOrder {
        TapOrder(kind: .capture, snapLength: snapLength, buffer: buffer)
    }

    /// The beginnings of some of the packets that are dropped: a sample, since there is little room for more.
    static let sample = TapOrder(kind: .sample, content: .drops, snapLength: Tap.leastSnapLength, buffer: 1 << 16)

    /// The order in `line`; `nil` when it is about something else.
    /// - Throws: ``Refusal`` when it is an order, but not a good one.
    static func read(_ line: String) throws(Refusal) -> TapOrder? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        if words == ["drops"] { return sample }
        guard words.first == "capture" else { return nil }
        var order = capture()
        for word in words.dropFirst() {
            if word == "drops" {
                order.content = .drops
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let number = Int(parts[1]) else {
                throw Refusal(.badRequest, "unknown option: \(word)")
            }
            switch parts[0] {
            case "snaplen": order.snapLength = try check(number, Limit.snapLength, "snaplen")
            case "buffer": order.buffer = try check(number, Limit.buffer, "buffer")
            default: throw Refusal(.badRequest, "unknown option: \(word)")
            }
        }
        return order
    }

    /// Why there is nothing to see.
    struct Refusal: Error, Equatable {
        let code: ControlAnswer.Code
        let sentence: String

        init(_ code: ControlAnswer.Code, _ sentence: String) { (self.code, self.sentence) = (code, sentence) }
    }

    private static func check(_ number: Int, _ range: ClosedRange<Int>, _ name: String) throws(Refusal) -> Int {
        guard range.contains(number) else {
            throw Refusal(.badRequest, "\(name) is from \(range.lowerBound) to \(range.upperBound) octets")
        }
        return number
    }

    /// The line that asks for it.
    var line: String {
        guard kind == .capture else { return "drops" }
        return "capture snaplen=\(snapLength) buffer=\(buffer)\(content == .drops ? " drops" : "")"
    }

    /// What it takes to ask for it: a sample of dropped headers says little more than counters do.
    var right: ControlAccess.Right { kind == .capture ? .order : .ask }
}
