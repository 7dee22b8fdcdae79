// SPDX-License-Identifier: Apache-2.0

import Configuration
import FuzzSupport

/// Any octets as a configuration file, against what must hold of whatever is read.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        let bytes = octets(input)
        let reading = Reading(bytes)
        check(reading.faults, lines: bytes.split(separator: 0x0A, omittingEmptySubsequences: false))
        guard reading.faults.isEmpty else { return }
        let text = reading.rendered
        let again = Reading(Array(text.utf8))
        always(again.faults.isEmpty, "what was written is read: \(again.faults)\n\(text)")
        always(again == reading, "what was written is what was meant:\n\(text)")
        always(again.rendered == text, "there is one way to write it:\n\(text)")
    }
}

/// Every place lies in the text, or just behind the end of a line.
private func check(_ faults: [Reading.Fault], lines: [ArraySlice<UInt8>]) {
    var last = (line: 0, column: 0)
    for fault in faults {
        let (line, column) = (fault.line, fault.column)
        always((1...lines.count).contains(line), "line \(line) of \(lines.count)")
        // A character has at least one octet.
        always((1...lines[line - 1].count + 1).contains(column), "column \(column) of line \(line)")
        always((line, column) >= last, "faults come in order")
        always(fault.text.hasPrefix("f:\(line):\(column): "), "'\(fault.text)' begins with its place")
        last = (line, column)
    }
}
