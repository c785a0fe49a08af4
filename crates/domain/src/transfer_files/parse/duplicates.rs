//! The same device on more than one line.

use super::Line;
use crate::DeviceId;

impl Line {
    fn repeats(&mut self, earlier: &Line) {
        self.duplicate_of = earlier.number();
        self.contradicts_earlier = self.reference() != earlier.reference();
    }
}

/// Marks the second and every later line with the same device, and gives the devices in the order
/// of their keys, each with the place of its line.
///
/// Lines without a device (`R00`, `R01`) repeat nothing. All others count, whatever becomes of them.
pub(super) fn mark(lines: &mut [Line]) -> Vec<(DeviceId, u32)> {
    let mut by_device = Vec::with_capacity(lines.len());
    for (line, place) in lines.iter().zip(0..) {
        by_device.extend(line.device().map(|device| (device, place)));
    }
    by_device.sort_by_key(|(device, _)| device.key());
    let mut first = 0;
    for next in 1..by_device.len() {
        if by_device[next].0 == by_device[first].0 {
            let earlier = lines[by_device[first].1 as usize];
            lines[by_device[next].1 as usize].repeats(&earlier);
        } else {
            first = next;
        }
    }
    by_device
}
