// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import Configuration

@Suite struct EntryTests {
    @Test func `a complaint begins with where the value stands`() {
        let flag = Entry(.allowedIPs, "x").refusal(why: "why", whatNow: "what now")
        #expect("\(flag)" == "--allowed-ips 'x': why; what now")
        let place = Place.file("/etc/iptund/b.conf", line: 7, column: 12)
        let value = Entry(.mtu, "x", at: place).refusal(why: "why", whatNow: "what now")
        #expect("\(value)" == "/etc/iptund/b.conf:7:12: MTU 'x': why; what now")
        #expect(value.exitCode == 2)
    }

    @Test(arguments: [
        ([], []), (["10.1.0.0/16,10.2.0.0/16"], ["10.1.0.0/16", "10.2.0.0/16"]),
        (["10.1.0.0/16", "10.2.0.0/16"], ["10.1.0.0/16", "10.2.0.0/16"]),
        (["10.1.0.0/16 , 10.2.0.0/16", "10.3.0.0/16"], ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]),
        (["10.9.0.1   peer 10.9.0.2 "], ["10.9.0.1 peer 10.9.0.2"]),
        ([""], [""]), ([","], ["", ""]), (["a,"], ["a", ""]), (["a,,b"], ["a", "", "b"]),
    ])
    func `values come by comma, by repetition, or both`(texts: [String], elements: [String]) {
        #expect(Entry.list(.allowedIPs, texts) == elements.map { Entry(.allowedIPs, $0) })
    }
}
