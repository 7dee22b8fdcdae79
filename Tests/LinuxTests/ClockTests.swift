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

    /// The clock goes on between two looks at it, which once made a negative number of what was left.
    @Test func `a sleep is never shorter than asked, however often it looks at the clock`() async {
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<400).allSatisfy { _ in
                        let start = Clock.milliseconds
                        Clock.sleep(milliseconds: 1)
                        return Clock.milliseconds > start
                    }
                }
            }
            for await isLongEnough in group { #expect(isLongEnough) }
        }
    }
}
