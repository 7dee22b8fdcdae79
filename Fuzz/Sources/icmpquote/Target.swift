// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Tunnel
import Wire

/// Whatever an ICMP error quotes: it lowers no path MTU below the floor, raises none, touches no other peer, and an answer
/// that it leads to is a right packet about what was quoted.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        let scenario = Scenario(input)
        let report = ICMPReport(
            type: [3, 3, 3, 11, 12, scenario.octet(0)][Int(scenario.octet(1)) % 6], code: scenario.octet(2),
            nextHopMTU: scenario.word(3), offender: IPv4Address(rawValue: UInt32(scenario.word(5))))
        let paths = Paths(peerCount: Example.table.peers.count)
        let view = paths.view
        for index in Example.table.peers.indices { view.setUnderlayMTU(1500, to: peerIndex(index)) }
        let verdict = Example.relay(paths: view).judge(report, about: scenario.packet.octets, at: now)
        check(verdict, report, scenario.packet, view)
    }
}

private let now: UInt64 = 1_000_000
private let bench = Bench()

private func peerIndex(_ index: Int) -> PeerIndex { PeerIndex(rawValue: UInt32(index)) }

private func check(_ verdict: ICMPRelay.Verdict, _ report: ICMPReport, _ quote: [UInt8], _ view: Paths.View) {
    let concerned: PeerIndex?
    switch verdict {
    case .stray: concerned = nil
    case .noted(let peer): concerned = peer
    case .tell(let error, let inner, let peer):
        concerned = peer
        always(inner.upperBound <= quote.count, "what is quoted lies in the quote")
        checkAnswer(error, about: Array(quote[inner]))
    }
    for index in Example.table.peers.indices {
        let mtu = view.mtu(to: peerIndex(index), at: now)
        let mayChange = peerIndex(index) == concerned && (report.type, report.code) == (3, 4)
        always(mtu == 1500 || mayChange && (PathMTU.floor..<1500).contains(mtu), "the path MTU is \(mtu)")
    }
}

private func checkAnswer(_ error: ICMPv4Error, about inner: [UInt8]) {
    var answers = Answers()
    var outcome = Answers.Outcome.improper
    let result = bench.run([UInt8](repeating: 0, count: ICMPv4Error.maximumLength)) { slot throws(Drop) in
        outcome = answers.write(error, about: inner.octets, into: &slot, at: now)
    }
    guard outcome == .written else { return }
    let answer = result.bytes
    guard let packet = try? IPv4Packet(answer.octets), let quoted = IPv4Quote(inner.octets) else {
        return always(false, "an answer is a packet, about a packet")
    }
    always(packet.totalLength == answer.count && answer.count <= ICMPv4Error.maximumLength, "its length")
    always(naiveSum(answer[..<20]) == 0xffff && naiveSum(answer[20...]) == 0xffff, "both checksums")
    always(
        (packet.source, packet.destination) == (quoted.packet.destination, quoted.packet.source), "from whom, to whom")
    always(packet.source.isUnicast && packet.destination.isUnicast, "one host to another")
    always(Array(answer[28...]) == Array(inner.prefix(min(answer.count - 28, inner.count))), "it quotes the packet")
}
