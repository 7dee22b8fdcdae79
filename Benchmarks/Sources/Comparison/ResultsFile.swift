// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Saved results: JSON, sorted and indented, so that two of them can be compared by eye as well.
package enum ResultsFile {
    /// What every version of ours has; asked first, so that a foreign file is called foreign.
    private struct Head: Decodable {
        let kind: String
        let schema: Int
    }

    private static let whatNow = "name a file that 'compare run' wrote"

    package static func text(of results: Results) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(results), as: UTF8.self) + "\n"
    }

    /// Reads what ``text(of:)`` wrote.
    /// - Throws: what is wrong with the file; `name` is how to call it.
    package static func results(in text: String, name: String) throws(Complaint) -> Results {
        let data = Data(text.utf8)
        let head: Head
        do { head = try JSONDecoder().decode(Head.self, from: data) } catch {
            throw .usage(name, why: "not a saved comparison", whatNow: whatNow)
        }
        guard head.kind == Results.kind else {
            throw .usage(name, why: "of the kind '\(head.kind)', not '\(Results.kind)'", whatNow: whatNow)
        }
        guard head.schema == Results.schema else {
            throw .usage(
                name, why: "has schema \(head.schema), and this program reads \(Results.schema)",
                whatNow: "read it with the version that wrote it, or measure again")
        }
        do { return try JSONDecoder().decode(Results.self, from: data) } catch {
            throw .usage(name, why: "damaged: \(reason(error))", whatNow: "measure again")
        }
    }

    /// Where in the file the first mistake is.
    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let (context, missing): (DecodingError.Context, String) =
            switch error {
            case .keyNotFound(let key, let context): (context, ".\(key.stringValue)")
            case .typeMismatch(_, let context), .valueNotFound(_, let context): (context, "")
            case .dataCorrupted(let context): (context, "")
            @unknown default: (DecodingError.Context(codingPath: [], debugDescription: ""), "")
            }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".") + missing
        return path.isEmpty ? "no JSON" : "see \(path)"
    }
}
