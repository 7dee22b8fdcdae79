// SPDX-License-Identifier: Apache-2.0

internal import Comparison

/// What is done with each subject in each round, in this order: idle first.
enum Measurement: String, CaseIterable {
    case ping
    case tcp = "TCP 1 stream"
    case tcp4 = "TCP 4 streams"
    case tcpReverse = "TCP reverse"
    case udp64 = "UDP 64"
    case udp1400 = "UDP 1400"
    case paced = "UDP paced"

    static let pings = 300
    /// A rate that every subject carries on every machine of these years.
    static let pacedMegabits = 100

    /// How long it should take, with what is around it.
    func plannedSeconds(each seconds: Int) -> Double {
        // 10 ms between pings become 16 where the kernel's clock ticks 250 times in a second.
        self == .ping ? Double(Measurement.pings) * 0.016 + 0.5 : Double(seconds) + 0.8
    }

    /// Measures, and notes the figures.
    func perform(on tunnel: Tunnel, in lab: Lab, seconds: Int, into result: inout RoundResult) throws {
        let iperf = Iperf(lab: lab, tunnel: tunnel, seconds: seconds)
        let before = try Snapshot.take(tunnel)
        var delivered: Int?
        switch self {
        case .ping: try Measurement.ping(tunnel, lab, &result)
        case .tcp:
            let found = try iperf.tcp(streams: 1)
            (result[.tcp], result[.tcpRetransmits]) = (found.gigabitsPerSecond, Double(found.retransmits))
            delivered = found.octets
        case .tcp4:
            let found = try iperf.tcp(streams: 4)
            (result[.tcp4], result[.tcp4Retransmits]) = (found.gigabitsPerSecond, Double(found.retransmits))
        case .tcpReverse:
            let found = try iperf.tcp(streams: 1, direction: .fromServer)
            (result[.tcpReverse], result[.tcpReverseRetransmits]) = (
                found.gigabitsPerSecond, Double(found.retransmits)
            )
        case .udp64:
            let found = try iperf.udp(packetLength: 64)
            (result[.udp64], result[.udp64Loss]) = (found.receivedPerSecond, found.lossPercent)
        case .udp1400:
            let found = try iperf.udp(packetLength: 1400)
            (result[.udp1400], result[.udp1400Loss]) = (found.receivedPerSecond, found.lossPercent)
        case .paced:
            result[.pacedLoss] = try iperf.udp(packetLength: 1400, megabits: Measurement.pacedMegabits).lossPercent
        }
        let usage = Usage(from: before, to: try Snapshot.take(tunnel))
        result.usage[rawValue] = usage
        if let delivered {
            if !tunnel.processes.isEmpty { result[.tunnelCPU] = usage.tunnel / Double(delivered) * 1e9 }
            result[.systemCPU] = usage.busy / Double(delivered) * 1e9
            result[.undisturbedCPU] = max(0, usage.busy - usage.others) / Double(delivered) * 1e9
        }
    }

    private static func ping(_ tunnel: Tunnel, _ lab: Lab, _ result: inout RoundResult) throws {
        // Lost replies make ping fail, and are no reason to give up.
        let times = try PingOutput.microseconds(
            lab.output(.a, ["ping", "-n", "-i", "0.01", "-c", "\(pings)", "-W", "1", tunnel.target], seconds: 30))
        guard let median = Summary.percentile(50, of: times) else {
            throw Complaint("ping", why: "no reply came", whatNow: "does the tunnel carry ICMP?")
        }
        result.pingMicroseconds = times
        result[.pingMedian] = median
        result[.ping99] = Summary.percentile(99, of: times)
        result[.pingMaximum] = Summary.percentile(100, of: times)
    }
}
