// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
@testable import iptund

@Suite struct TapOrderTests {
    @Test(arguments: [
        TapOrder.capture(), .capture(snapLength: 96, buffer: 65_536), .sample,
        TapOrder(kind: .capture, content: .drops, snapLength: 1_000, buffer: 1 << 20),
    ])
    func `an order is read as it was written`(order: TapOrder) throws {
        #expect(try TapOrder.read(order.line) == order)
    }

    @Test func `an order without numbers has the usual ones`() throws {
        let order = try #require(try TapOrder.read("capture"))
        #expect(order.snapLength == 65_535 && order.buffer == 4 << 20 && order.content == .all)
    }

    @Test func `packets are for who may give orders, a sample of drops for who may ask`() {
        #expect(TapOrder.capture().right == .order)
        #expect(TapOrder(kind: .capture, content: .drops).right == .order)
        #expect(TapOrder.sample.right == .ask)
    }

    @Test(arguments: ["show", "", "captured", "drops ", "drops buffer=65536", "CAPTURE"])
    func `what is about something else is left to others`(line: String) throws {
        #expect(try TapOrder.read(line) == nil)
    }

    @Test(arguments: [
        ("capture snaplen=95", "snaplen is from 96 to 65535 octets"),
        ("capture snaplen=65536", "snaplen is from 96 to 65535 octets"),
        ("capture buffer=1", "buffer is from 65536 to 67108864 octets"),
        ("capture buffer=67108865", "buffer is from 65536 to 67108864 octets"),
        ("capture buffer=99999999999999999999", "unknown option: buffer=99999999999999999999"),
        ("capture color=1", "unknown option: color=1"), ("capture  ", "unknown option: "),
    ])
    func `an order that costs too much, or makes no sense, is refused`(line: String, sentence: String) {
        #expect(throws: TapOrder.Refusal(.badRequest, sentence)) { try TapOrder.read(line) }
    }
}
