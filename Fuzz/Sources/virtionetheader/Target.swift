// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Wire

/// What was read and written reads the same again, and is a fixed point.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        guard let header = VirtioNetHeader(reading: input) else {
            let kinds = VirtioNetHeader.Segmentation.allCases.map(\.rawValue)
            always(input.byteCount < 10 || !kinds.contains(input.octet(at: 1) & 0x7f), "only the unknown is refused")
            return
        }
        let written = octets(of: header)
        guard let again = VirtioNetHeader(reading: written.octets) else {
            return always(false, "what was written can be read: \(header)")
        }
        always(again == header, "\(again) was \(header)")
        always(octets(of: again) == written, "writing again gives the same octets")
    }
}

/// Ten octets, none of which may be left as it was.
private func octets(of header: VirtioNetHeader) -> [UInt8] {
    var octets = [UInt8](repeating: 0xa5, count: VirtioNetHeader.length)
    var elements = octets.mutableSpan
    var span = unsafe elements.mutableBytes
    header.write(to: &span)
    return octets
}
