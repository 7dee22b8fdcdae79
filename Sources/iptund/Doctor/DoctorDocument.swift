// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import FoundationEssentials

/// What `doctor --json` prints.
struct DoctorDocument: Codable {
    var schema = DocumentSchema.version
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
