// Lists the published notes. The anon key is public: what it may do is said by the policies in schema/.

const { anon_key } = await (await fetch('/mainstay.json')).json();
const answer = await fetch('/rest/v1/notes?select=title,body&order=created_at.desc', { headers: { apikey: anon_key } });
const list = document.getElementById('notes');
for (const note of await answer.json()) {
  const item = document.createElement('li');
  item.textContent = `${note.title}: ${note.body}`;
  list.append(item);
}
