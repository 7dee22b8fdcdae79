// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import Linux

/// The version of all JSON that the program prints or answers, the key `schema` of each document.
///
/// It grows by one when a reader of the last version would misunderstand; new keys alone do not count. The file
/// `state.json` has a version of its own, which only the program reads.
enum DocumentSchema {
    static let version = 2

    /// Refuses a document of another version, as a daemon sends that was not restarted after an upgrade.
    /// - Throws: `Errno.protocolNotSupported` for another version; what `JSONDecoder` throws for what has none.
    static func check(_ json: Data) throws {
        guard try JSONDecoder().decode(Head.self, from: json).schema == version else {
            throw Errno.protocolNotSupported
        }
    }

    private struct Head: Decodable {
        let schema: Int
    }
}
