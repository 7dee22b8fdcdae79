// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import FoundationEssentials

/// What `doctor --json` prints.
struct DoctorDocument: Codable {
    /// Grows by one when a reader of the last shape would misunderstand.
    var schema = 1
    var checks: [Finding]

    init(_ findings: [Finding]) { checks = findings }

    /// As JSON, keys in a stable order.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
