from jaystream.aws.events import function_url, rest
from jaystream.handlers import LambdaRequest

event = function_url("POST", "/ask%20me?q=why", cookies={"session": "1"}, body='{"a": 1}')
print(event["rawPath"], event["requestContext"]["http"]["path"], event["cookies"])

for made in (event, rest("POST", "/ask%20me?q=why", cookies={"session": "1"}, body='{"a": 1}')):
    request = LambdaRequest(made)
    print(request.kind, request.method, request.path, dict(request.query), dict(request.cookies), request.json())
