// SPDX-License-Identifier: Apache-2.0

internal import Foundation

extension Subject {
    /// UDP, with everything turned off that can be turned off.
    static let vtun = Subject(
        name: "vtun", note: "UDP, no encryption, no compression",
        programs: [Requirement(program: "vtund", package: "vtun")]
    ) { lab in
        let file = "\(lab.directory)/vtund.conf"
        try vtunConfiguration.write(toFile: file, atomically: false, encoding: .utf8)
        let common = ["vtund", "-n", "-f", file, "-P", "\(vtunPort)"]
        let server = try lab.startDaemon(.b, common + ["-s", "-L", Side.b.underlay])
        // A client that finds nobody waits long before it tries again.
        try lab.waitForListener(server, port: vtunPort)
        let client = try lab.startDaemon(.a, common + ["lab", Side.b.underlay])
        let tunnel = Tunnel(target: Side.b.inner, processes: [server, client])
        try lab.raise(tunnel, mtu: 1470)
        return tunnel
    }

    private static let vtunPort: UInt16 = 5000

    private static let vtunConfiguration = """
        options { port \(vtunPort); timeout 60; }
        lab {
            passwd lab; type tun; device \(Lab.device); proto udp;
            compress no; encrypt no; keepalive no; stat no; speed 0;
            up { }; down { };
        }

        """
}
