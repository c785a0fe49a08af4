//! Lists that are read part by part.

/// Which part of a list, newest first, is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What came before: the cursor that the part before this one gave; none for the first.
    pub before: Option<i64>,
    /// How many items at most.
    pub limit: u32,
}

/// Items of a part for which no other number is asked.
const USUAL: u32 = 50;
/// The most items of a part.
const MOST: u32 = 1_000;

impl Part {
    /// The first one, as long as parts usually are.
    pub const FIRST: Part = Part { before: None, limit: USUAL };

    /// One item more than is wanted, which tells whether there is more.
    pub(crate) fn rows(self) -> i64 {
        self.most() as i64 + 1
    }

    fn most(self) -> usize {
        self.limit.clamp(1, MOST) as usize
    }

    /// Takes away the item that is too many; with it, the cursor for the next part is that of the
    /// last one that is left.
    pub(crate) fn cut<T>(self, rows: &mut Vec<T>, cursor: impl Fn(&T) -> i64) -> Option<i64> {
        let more = rows.len() > self.most();
        rows.truncate(self.most());
        rows.last().filter(|_| more).map(cursor)
    }
}

impl From<Option<i64>> for Part {
    fn from(before: Option<i64>) -> Part {
        Part { before, ..Part::FIRST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_where_the_next_begins_if_there_is_one() {
        let part = Part { before: None, limit: 2 };
        let mut rows = vec![9, 8, 7];
        assert_eq!((part.rows(), part.cut(&mut rows, |row| *row)), (3, Some(8)));
        assert_eq!(rows, [9, 8]);
        assert_eq!(part.cut(&mut rows, |row| *row), None);
    }
}
