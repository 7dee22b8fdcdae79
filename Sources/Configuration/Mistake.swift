// SPDX-License-Identifier: Apache-2.0

/// Something wrong in what somebody wrote.
package struct Mistake: Equatable, Sendable {
    /// Where.
    package let place: Place
    /// What, why, and what now; the place is in it.
    package let complaint: Complaint

    /// `what` at `place`: wrong usage.
    package init(at place: Place, _ what: String, why: String, whatNow: String) {
        self.place = place
        complaint = .usage(place.locate(what), why: why, whatNow: whatNow)
    }

    /// A complaint about a value.
    package init(_ complaint: Complaint, about entry: Entry) {
        place = entry.place
        self.complaint = complaint
    }
}
