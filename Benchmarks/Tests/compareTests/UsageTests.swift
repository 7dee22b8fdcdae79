// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

@Suite struct ProcFilesTests {
    @Test func `a process's name may look like the rest of the line`() {
        let line = "4242 (a) S 1 (b) S 77 1 1 0 -1 0 0 0 0 0 250 50 100 100 20 0 1 0"
        #expect(
            ProcessTimes(line, ticksPerSecond: 100) == ProcessTimes(id: 4242, parent: 77, seconds: 5))
    }

    @Test(arguments: ["", "1", "1 (x)", "1 (x) S 0 1 1", ") 1 (x"])
    func `a line that is cut off is no process`(line: String) {
        #expect(ProcessTimes(line, ticksPerSecond: 100) == nil)
    }

    @Test func `waiting for disks is not busy, and stolen time is told apart`() {
        let text = """
            cpu  100 20 300 4000 500 60 70 800 0 0
            cpu0 50 10 150 2000 250 30 35 400 0 0
            cpu1 50 10 150 2000 250 30 35 400 0 0
            intr 12345
            """
        let times = SystemTimes(text, ticksPerSecond: 100)
        #expect(times?.processors == 2)
        #expect(times?.busy == 5.5)
        #expect(times?.stolen == 8)
        #expect(SystemTimes("", ticksPerSecond: 100) == nil)
    }

    @Test func `a listening port is told from one in use`() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0201C80A:1451 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
               1: 0201C80A:1388 0101C80A:D431 01 00000000:00000000 00:00000000 00000000     0        0 2
            """
        #expect(ListeningPorts.contain(5201, in: table))
        #expect(!ListeningPorts.contain(5000, in: table))
        #expect(!ListeningPorts.contain(5201, in: ""))
    }
}

@Suite struct UsageTests {
    /// 1 init, 2 kthreadd, 3 a kernel thread, 10 we, 11 the tunnel, 12 its child, 13 iperf3, 20 a stranger.
    private func times(_ clock: Double, _ seconds: [Int32: Double]) throws -> ProcessorTimes {
        let text = "cpu \(Int(clock * 150)) 0 0 0 0 0 0 0\ncpu0\ncpu1"
        let parents: [Int32: Int32] = [1: 0, 2: 0, 3: 2, 10: 1, 11: 10, 12: 11, 13: 10, 20: 1]
        return ProcessorTimes(
            clock: clock, system: try #require(SystemTimes(text, ticksPerSecond: 100)),
            processes: parents.map { ProcessTimes(id: $0.key, parent: $0.value, seconds: seconds[$0.key] ?? 0) },
            tunnel: [11], own: 10)
    }

    @Test func `everybody's time is theirs: the tunnel's, ours, others', and the kernel's`() throws {
        let after = try times(2, [3: 0.25, 10: 0.1, 11: 0.5, 12: 0.25, 13: 0.9, 20: 0.4])
        let usage = Usage(from: try times(0, [:]), to: after)
        #expect(usage.tunnel == 0.75)
        #expect(abs(usage.own - 1.75) < 1e-9)
        #expect(usage.others == 0.4)
        #expect(usage.busy == 3)
        #expect(usage.othersShare == 0.1)
        #expect(abs(usage.kernelShare - 0.2125) < 1e-9)
    }

    @Test func `a process that took its time away with it makes no negative time`() throws {
        #expect(try Usage(from: times(0, [20: 5]), to: times(1, [:])).others == 0)
    }

    @Test func `no time at all has no shares`() throws {
        let moment = try times(1, [:])
        #expect(Usage(from: moment, to: moment).othersShare == 0)
    }
}
