// SPDX-License-Identifier: Apache-2.0

internal import Comparison

/// iperf3 from host a to host b, with a server for each test.
struct Iperf {
    let lab: Lab
    let tunnel: Tunnel
    let seconds: Int

    private static let port: UInt16 = 5201
    /// IPv4 and UDP headers of a packet.
    private static let headers = 28

    /// Which way the octets of a test go.
    enum Direction { case toServer, fromServer }

    func tcp(streams: Int, direction: Direction = .toServer) throws -> IperfOutput.TCP {
        let reversed = direction == .fromServer ? ["-R"] : []
        return try IperfOutput.tcp(run(["-P", "\(streams)"] + reversed))
    }

    /// - Parameters:
    ///   - packetLength: the whole inner packet, with its headers.
    ///   - megabits: how much to send in a second; `nil` for as much as possible.
    func udp(packetLength: Int, megabits: Int? = nil) throws -> IperfOutput.UDP {
        let payload = packetLength - Iperf.headers
        // 0 is without limit.
        let rate = megabits.map { "\($0)M" } ?? "0"
        return try IperfOutput.udp(run(["-u", "-b", rate, "-l", "\(payload)"]), payloadLength: payload)
    }

    /// - Returns: what the client printed. Its status says nothing: iperf3 tells errors inside of its JSON.
    private func run(_ arguments: [String]) throws -> String {
        let port = ["-p", "\(Iperf.port)"]
        let server = try lab.start(.b, ["iperf3", "-s", "-1", "-B", tunnel.target] + port)
        defer { Ending.end([server]) }
        try lab.waitForListener(server, port: Iperf.port)
        let client = ["iperf3", "-c", tunnel.target, "-t", "\(seconds)", "-J", "--connect-timeout", "5000"] + port
        let text = try lab.output(.a, client + arguments, seconds: Double(seconds) + 20)
        // It ends by itself: what it still has to say, it says to the client first.
        _ = try Waiting.until(seconds: 2) { server.poll() != nil }
        return text
    }
}
