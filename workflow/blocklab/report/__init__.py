"""The report: tables, statistics, findings, figures and the page that shows them."""
