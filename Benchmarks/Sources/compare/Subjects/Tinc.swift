// SPDX-License-Identifier: Apache-2.0

internal import Foundation

extension Subject {
    /// Keys for the connection that controls it, none for packets.
    static let tinc = Subject(
        name: "tinc", note: "UDP, cipher none, digest none", programs: [Requirement(program: "tincd", package: "tinc")]
    ) { lab in
        for side in Side.allCases { try makeTincNode(lab, side) }
        for side in Side.allCases {
            let host = try String(contentsOfFile: "\(lab.directory)/\(side)/hosts/\(side)", encoding: .utf8)
            try host.write(
                toFile: "\(lab.directory)/\(side.other)/hosts/\(side)", atomically: false, encoding: .utf8)
        }
        return try lab.pointToPoint(mtu: tincMTU) { side in
            ["tincd", "-c", "\(lab.directory)/\(side)", "-D", "-d1", "--pidfile=\(lab.directory)/\(side).pid"]
        }
    }

    /// tinc sends whole Ethernet frames, and a sequence number.
    private static let tincMTU = 1454

    private static func makeTincNode(_ lab: Lab, _ side: Side) throws {
        let directory = "\(lab.directory)/\(side)"
        try FileManager.default.createDirectory(atPath: "\(directory)/hosts", withIntermediateDirectories: true)
        let configuration = """
            Name = \(side)
            AddressFamily = ipv4
            DeviceType = tun
            Interface = \(Lab.device)
            Mode = router
            BindToAddress = \(side.underlay)
            \(side == .a ? "ConnectTo = b" : "")

            """
        try configuration.write(toFile: "\(directory)/tinc.conf", atomically: false, encoding: .utf8)
        let host = """
            Address = \(side.underlay)
            Subnet = \(side.inner)/32
            Cipher = none
            Digest = none
            Compression = 0

            """
        try host.write(toFile: "\(directory)/hosts/\(side)", atomically: false, encoding: .utf8)
        // Without a terminal it asks nothing, and appends the public key to the file above.
        try Command.run(["tincd", "-c", directory, "-K2048"])
    }
}
