// A browser lets no page from a file load its parts; say so, where else nothing would happen.
if (location.protocol === 'file:') {
  document.getElementById('state').textContent =
    'Opened from a file, the page may not load its detector. In its folder run `python -m http.server`, and open http://localhost:8000';
}
