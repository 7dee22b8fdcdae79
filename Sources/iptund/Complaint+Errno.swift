// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

extension Complaint {
    /// A failed system call. Where nothing more can be opened, that is what has to change, whatever was tried.
    init(_ what: String, _ error: Errno, whatNow: String) {
        let limit: String? =
            switch error {
            case .processFiles: "raise the limit of open files: 'ulimit -n', or LimitNOFILE= of the unit"
            case .systemFiles: "raise the limit of open files of this system: 'sysctl fs.file-max'"
            default: nil
            }
        self.init(what, why: "\(error)", whatNow: limit ?? whatNow)
    }
}
