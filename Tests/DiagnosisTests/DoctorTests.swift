// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing

struct DoctorTests {
    private enum Cause: Check {
        static let id = "cause"
        static let why = "it is first"
        static func judge(_ host: HostSnapshot) -> [Finding] { [finding(.broken)] }
    }

    private enum Consequence: Check {
        static let id = "consequence"
        static let why = "it follows"
        static let causes = ["cause"]
        static func judge(_ host: HostSnapshot) -> [Finding] { [finding(.broken, ["seen"])] }
    }

    @Test func `what another check explains is a consequence, and not broken itself`() {
        let findings = Doctor.examine(HostSnapshot(), [Consequence.self, Cause.self])
        #expect(findings.map(\.id) == ["cause", "consequence"])
        #expect(findings.map(\.verdict) == [.broken, .warning])
        #expect(findings[1].evidence == ["seen", "a consequence of cause"])
    }

    @Test func `without its cause it is broken`() {
        #expect(Doctor.examine(HostSnapshot(), [Consequence.self]).map(\.verdict) == [.broken])
    }
}
