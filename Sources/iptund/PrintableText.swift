// SPDX-License-Identifier: Apache-2.0

extension StringProtocol {
    /// The same text in one line that shows all there is to see: what would end the line, move the cursor or turn the
    /// direction of writing is written as `\u{A}`.
    ///
    /// For names, paths and messages that others chose: nobody may add a line of his own to the log.
    var printable: String {
        var text = ""
        for scalar in unicodeScalars {
            if isHarmless(scalar) { text.unicodeScalars.append(scalar) } else { text += escaped(scalar) }
        }
        return text
    }

    /// The same as the value of a field: in quotation marks when it would else not end where it ends.
    var fieldValue: String {
        let isPlain = !isEmpty && unicodeScalars.allSatisfy { isHarmless($0) && !" \"\\=".unicodeScalars.contains($0) }
        if isPlain { return String(self) }
        let body = unicodeScalars.reduce(into: "") { body, scalar in
            switch scalar {
            case "\"", "\\": body += "\\\(scalar)"
            default: body += isHarmless(scalar) ? "\(scalar)" : escaped(scalar)
            }
        }
        return "\"\(body)\""
    }
}

/// Control characters, line and paragraph separators, and what is seen only by what it does to others, are not.
private func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
    default: true
    }
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
    "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
}
