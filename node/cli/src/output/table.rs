//! Plain tables: a header, aligned columns, the last one cut where the terminal ends.

use console::{Style, Term, measure_text_width, truncate_str};

/// A table in the making.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Named columns.
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self {
            header: header.to_vec(),
            rows: Vec::new(),
        }
    }

    /// One more row, a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.header.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// The table as lines, without a newline at the end. Cut to the terminal's width where there is a terminal.
    pub(crate) fn text(&self) -> String {
        let term = Term::stdout();
        self.fit(if term.is_term() {
            term.size().1.into()
        } else {
            usize::MAX
        })
    }

    fn fit(&self, columns_max: usize) -> String {
        let widths = self.widths();
        let bold = Style::new().bold();
        let header: Vec<String> = self.header.iter().map(|name| (*name).to_owned()).collect();
        let head = bold.apply_to(line(&header, &widths, columns_max)).to_string();
        let rows = self.rows.iter().map(|row| line(row, &widths, columns_max));
        std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.header.iter().map(|name| measure_text_width(name)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(measure_text_width(cell));
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize], columns_max: usize) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| {
        let blank = width.saturating_sub(measure_text_width(cell));
        format!("{cell}{:blank$}", "")
    });
    let line = padded.collect::<Vec<_>>().join(GAP);
    truncate_str(line.trim_end(), columns_max, "…").into_owned()
}

const GAP: &str = "  ";

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&["ID", "MOOD"]);
        table.row(vec!["漢字".into(), "joy".into()]);
        table.row(vec!["ab".into(), "anticipation".into()]);
        table
    }

    #[test]
    fn wide_letters_keep_the_columns_straight() {
        let text = console::strip_ansi_codes(&sample().fit(80)).into_owned();
        assert_eq!(text, "ID    MOOD\n漢字  joy\nab    anticipation");
    }

    #[test]
    fn the_last_column_is_cut_at_the_terminals_edge() {
        let text = sample().fit(10);
        assert!(text.lines().all(|line| measure_text_width(line) <= 10), "{text}");
        assert!(text.ends_with("ab    ant…"), "{text}");
    }
}
