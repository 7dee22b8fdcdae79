// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@Suite struct ClockTests {
    @Test func `time goes on, and never back`() {
        var last = Clock.milliseconds
        let start = last
        while last < start + 20 {
            let now = Clock.milliseconds
            guard now >= last else {
                Issue.record("\(now) came after \(last)")
                return
            }
            last = now
        }
    }

    @Test func `time is what the kernel says the machine has been up, at most`() throws {
        let before = Clock.milliseconds
        let text = try Files.read("/proc/uptime")
        let uptime = try #require(text.split(separator: " ").first.flatMap { Double($0) })
        // /proc/uptime counts sleep too, and has two decimals.
        #expect(Double(before) <= uptime * 1000 + 20)
    }
}
