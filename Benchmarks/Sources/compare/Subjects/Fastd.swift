// SPDX-License-Identifier: Apache-2.0

internal import Foundation

extension Subject {
    /// Keys for the handshake, none for packets.
    static let fastd = Subject(
        name: "fastd", note: "UDP, method null: no encryption",
        programs: [Requirement(program: "fastd", package: "fastd")]
    ) { lab in
        let keys = try [Side.a: fastdKeys(lab, .a), .b: fastdKeys(lab, .b)]
        for side in Side.allCases {
            guard let own = keys[side], let peer = keys[side.other] else { continue }
            let text = """
                log level info;
                mode tun;
                interface "\(Lab.device)";
                method "null";
                mtu \(fastdMTU);
                bind \(side.underlay):10000;
                secret "\(own.secret)";
                peer "\(side.other)" {
                    key "\(peer.public)";
                    remote \(side.other.underlay):10000;
                }

                """
            try text.write(toFile: "\(lab.directory)/\(side).conf", atomically: false, encoding: .utf8)
        }
        return try lab.pointToPoint(mtu: fastdMTU) { ["fastd", "-c", "\(lab.directory)/\($0).conf"] }
    }

    /// fastd puts one octet in front of each packet.
    private static let fastdMTU = 1471

    private static func fastdKeys(_ lab: Lab, _ side: Side) throws -> (secret: String, public: String) {
        let secret = try lastWord(Command.run(["fastd", "--generate-key", "--machine-readable"]))
        let file = "\(lab.directory)/\(side).key"
        try "secret \"\(secret)\"; method \"null\"; bind any;\n".write(
            toFile: file, atomically: false, encoding: .utf8)
        let shown = try Command.run(["fastd", "--machine-readable", "--show-key", "--config", file])
        return (secret, lastWord(shown))
    }

    /// Warnings come first.
    private static func lastWord(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
    }
}
