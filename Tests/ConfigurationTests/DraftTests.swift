// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

@Suite struct DraftTests {
    private func read(_ text: String, dropIns: String...) -> Interpretation {
        var draft = ConfigurationText.read(Array(text.utf8), file: "b.conf")
        for (number, dropIn) in dropIns.enumerated() {
            draft.add(dropIn: ConfigurationText.read(Array(dropIn.utf8), file: "b.conf.d/\(number)"))
        }
        draft.nameDevice("b")
        return Interpretation(draft)
    }

    @Test func `a drop-in replaces single values, and adds to lists`() throws {
        let settings = try read(
            "[Interface]\nMTU = 1400\nTTL = 9\nAddress = 10.0.0.1\n[Peer]\nEndpoint = b",
            dropIns: "[Interface]\nMTU = 1300\nAddress = 10.0.0.2", "[Interface]\nMTU = 1200"
        ).checked()
        #expect(settings.mtu == 1200)
        #expect(settings.policy.outer.ttl == .fixed(try #require(TTL(rawValue: 9))))
        #expect(settings.addresses == ["10.0.0.1", "10.0.0.2"].compactMap { InterfaceAddress($0) })
    }

    @Test func `a drop-in adds peers, who go together with the others`() throws {
        let (one, other) = (
            "[Peer]\nEndpoint = b\nAllowedIPs = 10.1.0.0/16", "[Peer]\nEndpoint = c\nAllowedIPs = 10.2.0.0/16"
        )
        #expect(try read(one, dropIns: other).checked().peers.map(\.endpoint) == [.name("b"), .name("c")])
        #expect(
            read(one, dropIns: "[Peer]\nEndpoint = c\nAllowedIPs = 10.1.0.0/16").mistakes.map { "\($0.complaint)" } == [
                "b.conf.d/0:3:14: AllowedIPs '10.1.0.0/16': is what peer 'b' has already (b.conf:3:14); "
                    + "a packet can go to one of them only; a part of it is fine"
            ])
    }

    @Test func `mistakes are said in the order of the files`() {
        let found = read("[Peer]\nEndpoint = !", dropIns: "x\n[Interface]\nMTU = x", "[Interface]\nTTL = x\nTTL=y")
            .mistakes
        #expect(
            found.map { "\($0.place)" } == [
                "b.conf:2:12", "b.conf.d/0:1:1", "b.conf.d/0:3:7", "b.conf.d/1:2:7", "b.conf.d/1:3:1",
            ])
    }

    @Test func `the device is called like the file, unless the file says otherwise`() throws {
        #expect(try read("[Peer]\nEndpoint = b").checked().device?.text == "b")
        #expect(try read("[Interface]\nDevice = c\n[Peer]\nEndpoint = b").checked().device?.text == "c")
        var draft = ConfigurationText.read(Array("[Peer]\nEndpoint = b".utf8), file: "f")
        draft.nameDevice("a name of many words")
        #expect(
            Interpretation(draft).mistakes.map { "\($0.complaint)" } == [
                "f:1:1: the file's name 'a name of many words': is none that a device can have; "
                    + "write 'Device = NAME' into [Interface]"
            ])
    }
}
